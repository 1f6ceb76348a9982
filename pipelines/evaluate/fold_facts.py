"""What the predictions table itself says about how people were held out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, kw_only=True)
class HeldOutFold:
    """Rows, events and sites of one fold, called by its site or its number."""

    label: str
    n: int
    events: int
    sites: int


def whole_sites(predictions: pd.DataFrame) -> int:
    """Count the sites that were held out as a whole; 0 unless all of them were.

    Parameters
    ----------
    predictions : DataFrame
        The lines of one candidate in one block.

    Examples
    --------
    >>> import pandas as pd
    >>> whole_sites(pd.DataFrame({"repeat": 0, "fold": [0, 0, 1], "site": ["a", "a", "b"]}))
    2
    >>> whole_sites(pd.DataFrame({"repeat": 0, "fold": [0, 1, 1], "site": ["a", "a", "b"]}))
    0
    """
    folds = predictions.groupby(["repeat", "site"], dropna=False)["fold"].nunique()
    n = predictions["site"].nunique(dropna=False)
    return int(n) if n > 1 and bool((folds == 1).all()) else 0


def people_in_two_folds(predictions: pd.DataFrame) -> int:
    """Count people whose rows are spread over folds of one repeat: the number that must be 0."""
    folds = predictions.groupby(["repeat", "person"])["fold"].nunique()
    return int((folds > 1).groupby("person").any().sum())


def folds_of_first_repeat(predictions: pd.DataFrame) -> list[HeldOutFold]:
    """List the folds of the first repeat with their size, events and sites."""
    first = predictions[predictions["repeat"] == predictions["repeat"].min()]
    return [
        HeldOutFold(
            label=str(f["fold_label"].iloc[0]),
            n=len(f),
            events=int(f["outcome"].sum()),
            sites=int(f["site"].nunique(dropna=False)),
        )
        for _, f in first.groupby("fold")
    ]


def whole_plates(predictions: pd.DataFrame) -> bool:
    """Say whether rows are of several known plates and no plate was held out in two folds."""
    known = predictions[predictions["plate"] >= 0]
    if known["plate"].nunique() < 2 or predictions["fold"].nunique() < 2:
        return False
    return bool((known.groupby(["repeat", "plate"])["fold"].nunique() == 1).all())
