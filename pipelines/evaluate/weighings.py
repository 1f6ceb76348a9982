"""One candidate under every weighting of rows and repeats: the data as they are, then draws."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from pipelines.evaluate.decision_estimates import Fitted
from pipelines.evaluate.held_out_estimates import (
    WeightedPredictions,
    estimates,
    mean_where_defined,
    overlap,
    widened,
)
from signature.records.estimates import Weighted
from signature.records.results import FoldResult
from signature.validation.draws import estimate_of_draws
from signature.validation.metrics import POOLED, WITHIN_FOLD, auroc, person_counts


def repeat_shares(n: int, draws: int, rng: np.random.Generator) -> np.ndarray:
    """Draw how much each repeat counts, shape (draws + 1, n); the first line is the plain mean."""
    even = np.full((1, n), 1 / n)
    if n == 1:
        return np.ones((draws + 1, 1))
    counts = rng.multinomial(n - 1, even[0], size=draws) / (n - 1)
    return np.vstack([even, counts])


@dataclass(frozen=True, eq=False, repr=False)
class Weighting:
    """How much each held-out row and each repeat counts: as they are, then in every draw.

    Candidates of a block share one, so that their differences are paired.

    Parameters
    ----------
    rows : DataFrame, shape (n_rows, any)
        One line per held-out row, whatever the candidate and repeat, with ``row``, ``outcome`` and
        ``weight``, its survey weight.
    weights : ndarray of shape (n_draws + 1, n_rows)
        Of the lines of `rows`; the first line is the data as they are.
    shares : ndarray of shape (n_draws + 1, n_repeats)
        Of the repeats, in the order of their numbers; each line sums to 1, and in the first line
        all are the same.
    overlap : float
        By which draws are widened, as `pipelines.evaluate.held_out_estimates.overlap` gives it.
    """

    rows: pd.DataFrame
    weights: np.ndarray
    shares: np.ndarray
    overlap: float = 1.0

    @classmethod
    def drawn(cls, block: pd.DataFrame, draws: int, rng: np.random.Generator) -> Weighting:
        """Draw people, within their sites, and repeats.

        Parameters
        ----------
        block : DataFrame
            Lines of one block of the predictions table.
        draws : int
        rng : Generator
        """
        rows = block.drop_duplicates("row").sort_values("row")
        counts = person_counts(rows["person"].to_numpy(), rows["site"].to_numpy(), draws, rng)
        # the first row of weights is the data as they are: estimate and interval in one pass
        weights = np.vstack([np.ones((1, len(rows)), dtype=counts.dtype), counts])
        shares = repeat_shares(block["repeat"].nunique(), draws, rng)
        external = block["block"].iloc[0] == "external"
        return cls(rows, weights, shares, 1.0 if external else overlap(block["fold"].nunique()))

    @cached_property
    def _columns(self) -> pd.Index:
        return pd.Index(self.rows["row"])

    def arrays(self, part: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return outcome and probability of some lines, and their weights (n_draws + 1, n)."""
        at = self._columns.get_indexer(pd.Index(part["row"]))
        return part["outcome"].to_numpy(), part["probability"].to_numpy(), self.weights[:, at]

    def weigh(self, own: pd.DataFrame) -> WeightedPredictions:
        """Gather one candidate's predictions, repeat by repeat, with the weights of their rows."""
        parts = [self.arrays(part) for _, part in own.groupby("repeat", sort=True)]
        return WeightedPredictions(parts, self.shares, self.overlap)

    def averaged(self, by_repeat: Sequence[np.ndarray]) -> np.ndarray:
        """Average over repeats, by draw, what is defined, and widen the draws by the overlap."""
        return widened(mean_where_defined(np.stack(by_repeat), self.shares.T), self.overlap)

    def times(self, factor: np.ndarray) -> Weighting:
        """Weigh each row by a factor besides, shape (n_rows,)."""
        return replace(self, weights=self.weights * factor)


def auroc_of(own: pd.DataFrame, weighting: Weighting) -> np.ndarray:
    """AUROC of one candidate by every draw, as `measure` has it among its metrics."""
    return weighting.averaged(
        [
            mean_where_defined(
                np.stack([auroc(*weighting.arrays(part)) for _, part in repeat.groupby("fold")])
            )
            for _, repeat in own.groupby("repeat")
        ]
    )


def measure(
    own: pd.DataFrame, weighting: Weighting
) -> tuple[dict[str, np.ndarray], list[FoldResult]]:
    """Measure one candidate by every draw of a weighting; the first value is of the plain data."""
    ranks_nobody = own.groupby(["repeat", "fold"])["probability"].nunique().max() == 1
    folds: list[FoldResult] = []
    by_repeat: dict[str, list[np.ndarray]] = {m: [] for m in (*WITHIN_FOLD, *POOLED)}
    for _, repeat in own.groupby("repeat", sort=True):
        within: dict[str, list[np.ndarray]] = {m: [] for m in WITHIN_FOLD}
        for _, part in repeat.groupby("fold", sort=True):
            y, p, w = weighting.arrays(part)
            for name, metric in WITHIN_FOLD.items():
                within[name].append(metric(y, p, w))
            folds.append(_fold_result(part, float(within["auroc"][-1][0])))
        for name, values in within.items():
            by_repeat[name].append(mean_where_defined(np.stack(values)))
        y, p, w = weighting.arrays(repeat)
        for name, metric in POOLED.items():
            # one probability per fold: a slope over folds would only compare their event rates
            undefined = ranks_nobody and name == "calibration_slope"
            by_repeat[name].append(np.full(len(w), np.nan) if undefined else metric(y, p, w))
    return {m: weighting.averaged(v) for m, v in by_repeat.items()}, folds


def _fold_result(part: pd.DataFrame, auroc: float) -> FoldResult:
    first = part.iloc[0]
    return FoldResult(
        repeat=int(first["repeat"]),
        fold=int(first["fold"]),
        label=str(first["fold_label"]),
        n=len(part),
        events=int(part["outcome"].sum()),
        auroc=None if np.isnan(auroc) else auroc,
        chosen=str(first["chosen"]),
    )


def fitted_pair(
    competing: dict[str, pd.DataFrame],
    held_out: dict[str, WeightedPredictions],
    inner: pd.DataFrame,
) -> tuple[Fitted, Fitted]:
    """Join procedure and reference with the inner predictions of their folds."""
    found = []
    for name, own in competing.items():
        repeats = {number: i for i, number in enumerate(sorted(own["repeat"].unique()))}
        block = str(own["block"].iloc[0])
        told = inner[(inner["block"] == block) & (inner["candidate"] == name)]
        by_fold = {
            (repeats[repeat], int(str(fold))): part
            for (repeat, fold), part in told.groupby(["repeat", "fold"])
        }
        folds = [part["fold"].to_numpy() for _, part in own.groupby("repeat", sort=True)]
        found.append(Fitted(held_out[name], folds, by_fold))
    return found[0], found[1]


def survey_weighted(competing: dict[str, pd.DataFrame], weighting: Weighting) -> Weighted | None:
    """Measure again with survey weights; None where all rows weigh the same."""
    survey = weighting.rows["weight"].to_numpy()
    if np.ptp(survey) == 0:
        return None
    surveyed = weighting.times(survey)
    own, other = (measure(competing[n], surveyed)[0] for n in competing)
    shown = ("auroc", "brier", "log_loss")
    return Weighted(
        effective_people=float(survey.sum() ** 2 / (survey**2).sum()),
        event_rate=float(np.average(weighting.rows["outcome"], weights=survey)),
        procedure=estimates(own),
        reference=estimates(other),
        difference={m: estimate_of_draws(own[m] - other[m]) for m in shown},
    )
