"""What folds allow to be said of the procedure beyond the bootstrap: tests, means, hindsight."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from signature.exceptions import OutcomeError, PredictionsError
from signature.records.estimates import (
    BestInHindsight,
    Estimate,
    FoldMeans,
    HeldOutTest,
)
from signature.records.results import CandidateResult
from signature.validation.bbc import bias_corrected_best
from signature.validation.delong import delong, delong_difference
from signature.validation.metrics import auroc
from signature.validation.repeated_folds import FoldMean, corrected_interval


def held_out_test(own: pd.DataFrame, other: pd.DataFrame) -> HeldOutTest | None:
    """Test procedure and reference on a set that was held out once.

    Parameters
    ----------
    own, other : DataFrame
        Lines of procedure and reference of one block.

    Returns
    -------
    HeldOutTest or None
        None with several folds or repeats, and where a class has one person only.
    """
    if own.groupby(["repeat", "fold"]).ngroups != 1:
        return None
    own, other = own.sort_values("row"), other.sort_values("row")
    y, person = own["outcome"].to_numpy(), own["person"].to_numpy()
    p, q = own["probability"].to_numpy(), other["probability"].to_numpy()
    try:
        area = delong(y, p, person)
        change = delong_difference(y, p, q, person)
    except OutcomeError:
        return None
    return HeldOutTest(
        auroc=_with_ends(area.value, area.interval()),
        difference=_with_ends(change.value, change.interval()),
        p_value=change.p,
    )


def fold_means(own: CandidateResult, other: CandidateResult, people: pd.DataFrame) -> FoldMeans:
    """Average AUROC over folds that were drawn at random.

    Parameters
    ----------
    own, other : CandidateResult
        Procedure and reference.
    people : DataFrame
        Columns repeat, fold and person.
    """
    held_out = people.groupby(["repeat", "fold"])["person"].nunique()
    everybody = people["person"].nunique()
    sizes = np.array([held_out[f.repeat, f.fold] for f in own.folds])
    values, others = (
        np.array([np.nan if f.auroc is None else f.auroc for f in c.folds]) for c in (own, other)
    )
    area = corrected_interval(values, everybody - sizes, sizes)
    change = corrected_interval(values - others, everybody - sizes, sizes)
    return FoldMeans(
        auroc=_of_mean(area),
        difference=_of_mean(change),
        folds=area.folds,
        undefined=area.undefined,
    )


def best_in_hindsight(
    table: pd.DataFrame, contenders: Sequence[str], rng: np.random.Generator
) -> BestInHindsight | None:
    """Measure what choosing the contender by its held-out AUROC would pretend, and correct it.

    Returns
    -------
    BestInHindsight or None
        None with one contender, or where nothing can be ranked.
    """
    if len(contenders) < 2:
        return None
    repeats = []
    for _, repeat in table.groupby("repeat", sort=True):
        wide = repeat.pivot(index="row", columns="candidate", values="probability")
        repeats.append(wide[list(contenders)].to_numpy())
    rows = table.drop_duplicates("row").sort_values("row")
    try:
        found = bias_corrected_best(
            rows["outcome"].to_numpy(),
            np.stack(repeats),
            auroc,
            person=rows["person"].to_numpy(),
            rng=rng,
        )
    except PredictionsError:
        return None
    return BestInHindsight(
        best=contenders[found.best],
        contenders=len(contenders),
        naive=found.naive,
        corrected=Estimate(value=found.value, low=found.low, high=found.high),
        chosen=dict(zip(contenders, found.chosen, strict=True)),
    )


def _with_ends(value: float, ends: tuple[float, float] | None) -> Estimate:
    low, high = ends or (None, None)
    return Estimate(value=value, low=low, high=high)


def _of_mean(mean: FoldMean) -> Estimate:
    return Estimate(value=mean.value, low=mean.low, high=mean.high)
