"""From finished runs on shuffled outcomes to what they say together."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pipelines.fit.results_folder import Results
from pipelines.fit.store import FoldStore, fingerprint
from pipelines.null_check.exact_intervals import exact_share, mean_count
from pipelines.question.study import AssembledStudy
from signature.records.null_check import Comparison, NullRun, SelectionCheck, Spread
from signature.records.results import PROCEDURE, Block
from signature.validation.permutation_p import StoppingRule, permutation_p


def spread(values: Sequence[float | None]) -> Spread | None:
    """Mean, standard deviation and percentiles of what is defined.

    Parameters
    ----------
    values : sequence of float or None
        One per run.

    Examples
    --------
    >>> found = spread([0.4, 0.5, None, 0.6])
    >>> found.n, round(found.mean, 3), round(found.sd, 3), found.median
    (3, 0.5, 0.1, 0.5)
    """
    known = np.array([v for v in values if v is not None])
    if not len(known):
        return None
    low, median, high = np.quantile(known, [0.025, 0.5, 0.975])
    return Spread(
        n=len(known),
        mean=float(known.mean()),
        sd=float(known.std(ddof=1)) if len(known) > 1 else None,
        low=float(low),
        median=float(median),
        high=float(high),
    )


def selection_checks(runs: Sequence[NullRun], labels: dict[str, str]) -> tuple[SelectionCheck, ...]:
    """Say of every selecting candidate how often and how much it selected.

    Parameters
    ----------
    runs : sequence of NullRun
    labels : dict of str
        How a report prints each candidate.
    """
    checks = []
    for name in runs[0].selected:
        own = [run.selected[name] for run in runs]
        markers = mean_count([s.final for s in own])
        declared = [s.declared_bound for s in own if s.declared_bound is not None]
        bound = float(np.mean(declared)) if declared else None
        assert markers.low is not None
        checks.append(
            SelectionCheck(
                candidate=name,
                label=labels[name],
                any_selected=exact_share(sum(s.final > 0 for s in own), len(own)),
                markers=markers,
                declared_bound=bound,
                exceeded=None if bound is None else markers.low > bound,
                outer_folds=len(own[0].folds),
                outer_folds_selecting=float(np.mean([sum(n > 0 for n in s.folds) for s in own])),
                final_model=exact_share(sum(r.final_model == name for r in runs), len(runs)),
            )
        )
    return tuple(checks)


def real_run(study: AssembledStudy, folder: Path, repeats: int) -> tuple[float, float] | str:
    """Read the AUROC of the finished real run, when the shuffled runs may be compared with it.

    Parameters
    ----------
    study : AssembledStudy
        As the experiment says, not shuffled.
    folder : Path
        ``results/<experiment>``.
    repeats : int
        Of a shuffled run: the real one is read over as many, so that both are as noisy.

    Returns
    -------
    (float, float) or str
        AUROC over the first `repeats` repeats and over all of them, or the reason why there is
        nothing to compare with.

    Raises
    ------
    ResultsError
        When the run's files are damaged or of another version.
    """
    train = f"python -m pipelines.train experiments/{study.experiment.name}.toml"
    if not ((folder / "launch.json").is_file() and (folder / "evaluation.json").is_file()):
        return f"there is no finished run of the experiment; make it with: {train}"
    results = Results(folder)
    store = FoldStore(folder, fingerprint(study.experiment, study.cohort, study.references))
    fitted = all(store.has(n, fold.key) for n in study.candidates for fold in study.folds)
    same_run = results.launch.fingerprint == store.run_fingerprint(study.candidates) and fitted
    if not same_run or results.experiment.candidates != study.experiment.candidates:
        return (
            "the finished run is of other data, settings, candidates or code; make it again with: "
            f"{train}"
        )
    block = results.evaluation.headline
    headline = block.candidate(PROCEDURE).metrics["auroc"].value
    same = auroc_over_repeats(block, repeats)
    if headline is None or same is None:
        return "the AUROC of the finished run is undefined"
    return same, headline


def auroc_over_repeats(block: Block, repeats: int) -> float | None:
    """AUROC of the procedure within each held-out fold, averaged over folds, then over repeats.

    Parameters
    ----------
    block : Block
    repeats : int
        Only the first so many.

    Returns
    -------
    float or None
        None where no fold has one.
    """
    folds = block.candidate(PROCEDURE).folds
    by_repeat = [
        [f.auroc for f in folds if f.repeat == repeat and f.auroc is not None]
        for repeat in range(repeats)
    ]
    means = [np.mean(values) for values in by_repeat if values]
    return float(np.mean(means)) if means else None


def reached(aurocs: Sequence[float | None], real: float) -> list[bool]:
    """Say of each shuffled run whether it did as well as the real one.

    An undefined AUROC counts as having done, which is the cautious reading.
    """
    # what is equal but for rounding has reached it
    return [value is None or value >= real - 1e-12 for value in aurocs]


def compare(
    aurocs: Sequence[float | None], real: float, headline: float, rule: StoppingRule | None = None
) -> Comparison:
    """Place the real run among the shuffled ones.

    Parameters
    ----------
    aurocs : sequence of float or None
        Of the shuffled runs, one or more.
    real, headline : float
        As `real_run` returns them.
    rule : StoppingRule, optional
        That stopped the runs, if any did.

    Examples
    --------
    >>> compare([0.5, 0.6, 0.4], 0.6, 0.61).p_value
    0.5
    """
    rule = rule or StoppingRule(most_runs=len(aurocs), resampling_risk=0)
    found = permutation_p(reached(aurocs, real), rule)
    assert found is not None
    return Comparison(
        auroc=real,
        headline_auroc=headline,
        at_least=found.at_least,
        p_value=found.p_value,
        p_low=found.low,
        p_high=found.high,
        side=found.side,
    )
