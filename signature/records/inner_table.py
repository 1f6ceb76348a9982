"""What the inner folds said of training rows: from it thresholds and sets are chosen."""

from __future__ import annotations

import pandas as pd

from signature.exceptions import PredictionsError
from signature.records.results import PROCEDURE, REFERENCE

INNER_COLUMNS = {
    "block": "str",
    "candidate": "str",
    "repeat": "int64",
    "fold": "int64",
    "row": "int64",
    "person": "int64",
    "outcome": "int64",
    "probability": "float64",
}
"""One line per training row of each outer fold, for the procedure and the reference only.

``block``, ``repeat`` and ``fold`` say which rows were held out when this model was fitted; block
`FINAL_BLOCK` is the model of all development rows. ``probability`` comes from an inner fold's model
that did not see the row, on the scale of the model's held-out probabilities.
"""

FINAL_BLOCK = "final"


def check_inner(table: pd.DataFrame, predictions: pd.DataFrame) -> pd.DataFrame:
    """Return the inner predictions if they belong to a predictions table.

    Parameters
    ----------
    table : DataFrame
        Columns `INNER_COLUMNS`.
    predictions : DataFrame
        Held-out predictions, as `signature.records.results.check_predictions` returns them.

    Raises
    ------
    PredictionsError
        When a column is missing, there is another candidate or block, a probability is missing or
        not from 0 to 1, an outcome is not 0/1, a row occurs twice in a training set, is no row of
        the predictions or has another person or outcome there, a person is on both sides of a fold,
        or a fold or the final model has none.
    """
    missing = [c for c in INNER_COLUMNS if c not in table]
    if missing:
        raise PredictionsError(f"the inner predictions lack {', '.join(map(repr, missing))}")
    _check_names(table, predictions)
    odd = int((~table["probability"].between(0, 1)).sum())
    if odd:
        raise PredictionsError(f"{odd} of {len(table)} inner probabilities are not from 0 to 1")
    if not table["outcome"].isin([0, 1]).all():
        raise PredictionsError("outcomes of the inner predictions must be 0 or 1")
    twice = int(table.duplicated([*_OF_FOLD, "row"]).sum())
    if twice:
        raise PredictionsError(f"{twice} rows occur twice in the inner predictions of a fold")
    _check_rows(table, predictions)
    _check_folds(table, predictions)
    return table


_OF_FOLD = ["block", "candidate", "repeat", "fold"]


def _check_names(table: pd.DataFrame, predictions: pd.DataFrame) -> None:
    allowed = {
        "candidate": {PROCEDURE, REFERENCE},
        "block": {*predictions["block"], FINAL_BLOCK},
    }
    for column, names in allowed.items():
        unknown = sorted(set(table[column]) - names)
        if unknown:
            raise PredictionsError(
                f"inner predictions are of {column} {' or '.join(map(repr, sorted(names)))}; got "
                f"{', '.join(map(repr, unknown))}"
            )
    final = set(table.loc[table["block"] == FINAL_BLOCK, "candidate"])
    if final != {PROCEDURE}:
        raise PredictionsError(
            f"the inner predictions need block {FINAL_BLOCK!r} for candidate {PROCEDURE!r} alone; "
            f"it has {', '.join(map(repr, sorted(final))) or 'none'}"
        )


def _check_rows(table: pd.DataFrame, predictions: pd.DataFrame) -> None:
    """Compare what both tables say of a row: they must be of the same study."""
    known = predictions[["row", "person", "outcome"]].drop_duplicates("row")
    told = table[["row", "person", "outcome"]].drop_duplicates()
    both = told.merge(known, on="row", how="left", suffixes=("", "_held_out"), indicator=True)
    strange = int((both["_merge"] != "both").sum())
    if strange:
        raise PredictionsError(
            f"{strange} rows of the inner predictions are not in the predictions table; both must "
            "be of one run"
        )
    for column in ("person", "outcome"):
        other = int((both[column] != both[f"{column}_held_out"]).sum())
        if other:
            raise PredictionsError(
                f"{other} rows have another {column} in the inner predictions than in the "
                "predictions table; both must be of one run"
            )


def _check_folds(table: pd.DataFrame, predictions: pd.DataFrame) -> None:
    own = predictions[predictions["candidate"].isin([PROCEDURE, REFERENCE])]
    held_out = own[[*_OF_FOLD, "person"]].drop_duplicates()
    both = table[[*_OF_FOLD, "person"]].drop_duplicates().merge(held_out)
    if len(both):
        raise PredictionsError(
            f"{both['person'].nunique()} people are both in training and held out in a fold"
        )
    folds = own[_OF_FOLD].drop_duplicates()
    here = folds.merge(table[_OF_FOLD].drop_duplicates(), how="left", indicator=True)
    without = int((here["_merge"] != "both").sum())
    if without:
        raise PredictionsError(
            f"{without} of {len(folds)} held-out folds have no inner predictions"
        )
