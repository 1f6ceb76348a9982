"""Immune signatures: what a study, and a fitted model, need where they are used.

============================  ===================================================
`signature.schema`            what each column of a study means (`signature.column`: one)
`signature.cohort`            the people of a study
`signature.tables`            reading tables, and what is wrong with them
`signature.visit_change`      change between two visits of a cohort
`signature.panels`            markers by panel; `signature.markers` names them
`signature.assay`             from a laboratory's files to a cohort: `signature.assay.study`;
                              units as laboratories write them: `signature.assay.units`
`signature.check`             what is wrong or doubtful in a study
`signature.command`           the command ``signature``, which prints and writes it
`signature.datasets`          data sets by name; `signature.outcomes` likewise
`signature.handling`          how a procedure treats limits, batches, gaps and confounders
`signature.columns`           in-fold steps: take columns,
`signature.censoring`         … values below a detection limit: one substitute,
`signature.detected_only`     … detected or not,
`signature.censored_normal`   … a fitted normal (`conditional_imputation`: given the row),
`signature.imputation`        … missing values (`multiple_imputation`: pooled),
`signature.scaling`           … logarithms
`signature.harmonisation`     … assay batches, `signature.reference_shift` by constants,
`signature.confounders`       … confounders,
`signature.ratios`            … ratios of markers,
`signature.procedures`        … put together
`signature.single_marker`     models of our own: the best single marker,
`signature.boosting`          … shallow boosting
`signature.splits`            folds that keep a person's rows together
`signature.calibration`       from score to probability
`signature.adaptation`        a fitted procedure learns a new assay batch
`signature.contributions`     what each feature adds to the log-odds
`signature.persistence`       saved models, without pickle
`signature.serving`           scoring rows that a partner sends,
`signature.incoming`          … what is refused,
`signature.invocation`        … as JSON
`signature.results`           the files of a run
`signature.metrics`           how good are held-out probabilities, with intervals
`signature.randomness`        one seed, spawned by name
`signature.exceptions`        everything that a user's input can cause
============================  ===================================================
"""

__version__ = "0.1.0"
