"""What the inner folds said of training rows: from it thresholds and sets are chosen."""

from __future__ import annotations

import pandas as pd

from signature.exceptions import PredictionsError

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

    Raises
    ------
    PredictionsError
        When a column is missing, a probability is not from 0 to 1, an outcome is not 0/1, a row
        occurs twice in a training set, a person is on both sides of a fold, or a fold has none.
    """
    missing = [c for c in INNER_COLUMNS if c not in table]
    if missing:
        raise PredictionsError(f"the inner predictions lack {', '.join(map(repr, missing))}")
    odd = int((~table["probability"].between(0, 1)).sum())
    if odd:
        raise PredictionsError(f"{odd} of {len(table)} inner probabilities are not from 0 to 1")
    if not table["outcome"].isin([0, 1]).all():
        raise PredictionsError("outcomes of the inner predictions must be 0 or 1")
    of_fold = ["block", "candidate", "repeat", "fold"]
    twice = int(table.duplicated([*of_fold, "row"]).sum())
    if twice:
        raise PredictionsError(f"{twice} rows occur twice in the inner predictions of a fold")
    own = predictions[predictions["candidate"].isin(table["candidate"].unique())]
    held_out = own[[*of_fold, "person"]].drop_duplicates()
    both = table[[*of_fold, "person"]].drop_duplicates().merge(held_out)
    if len(both):
        raise PredictionsError(
            f"{both['person'].nunique()} people are both in training and held out in a fold"
        )
    folds = own[of_fold].drop_duplicates()
    here = folds.merge(table[of_fold].drop_duplicates(), how="left", indicator=True)
    without = int((here["_merge"] != "both").sum())
    if without:
        raise PredictionsError(
            f"{without} of {len(folds)} held-out folds have no inner predictions"
        )
    return table
