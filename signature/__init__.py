"""Immune signatures: what a study, and a fitted model, need where they are used.

============================  ===================================================
`signature.study.schema`            what each column of a study means (`signature.study.column`:
one) `signature.study.cohort`            the people of a study `signature.study.tables`
reading tables, and what is wrong with them `signature.effect.trial.visit_change`      change
between two visits of a cohort `signature.panels`            markers by panel;
`signature.study.markers` names them `signature.assay`             from a laboratory's files to a
cohort: `signature.assay.study`;
                              units as laboratories write them: `signature.assay.units`
`signature.check`             what is wrong or doubtful in a study
`signature.command`           the command ``signature``, which prints and writes it
`signature.datasets`          data sets by name; `signature.outcomes` likewise
`signature.study.handling`          how a procedure treats limits, batches, gaps and confounders
`signature.prepare.columns`           in-fold steps: take columns,
`signature.prepare.censoring`         … values below a detection limit: one substitute,
`signature.prepare.detected_only`     … detected or not,
`signature.prepare.censored_normal`   … a fitted normal (`conditional_imputation`: given the row),
`signature.prepare.imputation`        … missing values (`multiple_imputation`: pooled),
`signature.prepare.scaling`           … logarithms
`signature.prepare.harmonisation`     … assay batches, `signature.prepare.reference_shift` by
constants, `signature.prepare.confounders`       … confounders, `signature.prepare.ratios`
… ratios of markers, `signature.prepare.procedures`        … put together
`signature.learn.single_marker`     models of our own: the best single marker,
`signature.learn.boosting`          … shallow boosting `signature.study.splits`            folds
that keep a person's rows together `signature.learn.calibration`       from score to probability
`signature.learn.adaptation`        a fitted procedure learns a new assay batch
`signature.learn.contributions`     what each feature adds to the log-odds
`signature.serve.persistence`       saved models, without pickle `signature.serve.serving`
scoring rows that a partner sends, `signature.serve.incoming`          … what is refused,
`signature.serve.invocation`        … as JSON `signature.records.results`           the files of a
run `signature.validation.metrics`           how good are held-out probabilities, with intervals
`signature.randomness`        one seed, spawned by name `signature.exceptions`        everything
that a user's input can cause ============================
===================================================
"""

__version__ = "0.1.0"
