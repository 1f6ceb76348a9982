"""Inner predictions are those of the predictions table, or they are refused and nobody is named."""

import re

import numpy as np
import pandas as pd
import pytest

from signature.exceptions import PredictionsError
from signature.records.inner_table import FINAL_BLOCK, INNER_COLUMNS, check_inner
from signature.records.results import PROCEDURE, REFERENCE
from tests.made.held_out_factory import held_out, inner_of

PEOPLE = 60
PREDICTIONS = held_out(PEOPLE)
# ids that no count could be taken for
PREDICTIONS["person"] += 880_000
INNER = inner_of(PREDICTIONS)


def _set(column, rows, value):
    def change(table):
        changed = table.copy()
        changed.loc[changed.index[rows], column] = value
        return changed

    return change


def _move_in(table):
    """Two people of the first held-out fold are in its training rows, too."""
    one = (PREDICTIONS["candidate"] == PROCEDURE) & (PREDICTIONS["repeat"] == 0)
    guests = PREDICTIONS[one & (PREDICTIONS["fold"] == 0)].head(2)
    return pd.concat([table, guests[list(INNER_COLUMNS)]], ignore_index=True)


def _without(**where):
    return lambda t: t[~np.logical_and.reduce([t[c] == v for c, v in where.items()])]


def test_a_table_that_fits_is_returned_as_it_is():
    assert check_inner(INNER, PREDICTIONS) is INNER
    assert set(INNER["block"]) == {"internal", FINAL_BLOCK}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: t.drop(columns=["row", "person"]), "lack 'row', 'person'"),
        (_set("probability", slice(0, 3), np.nan), "3 of .* probabilities are not from 0 to 1"),
        (_set("probability", [0], 1.0001), "1 of .* probabilities are not from 0 to 1"),
        (_set("probability", [0, 5], -0.2), "2 of .* probabilities are not from 0 to 1"),
        (_set("probability", [0], np.inf), "1 of .* probabilities are not from 0 to 1"),
        (_set("outcome", [0], 2), "must be 0 or 1"),
        (lambda t: pd.concat([t, t.tail(4)]), "4 rows occur twice in the inner predictions of a"),
        (
            _set("candidate", slice(0, 9), "elastic_net"),
            "of candidate 'procedure' or 'reference'; got 'elastic_net'",
        ),
        (_set("block", slice(0, 9), "inner"), "of block 'final' or 'internal'; got 'inner'"),
        (_set("block", slice(0, 9), "external"), "of block 'final' or 'internal'; got 'external'"),
        (_without(block=FINAL_BLOCK), "need block 'final' for candidate 'procedure' .* has none"),
        (
            lambda t: pd.concat(
                [t, t[t["block"] == FINAL_BLOCK].assign(candidate=REFERENCE)], ignore_index=True
            ),
            "for candidate 'procedure' alone; it has 'procedure', 'reference'",
        ),
        (_without(candidate=REFERENCE), "6 of 12 held-out folds have no inner predictions"),
        (
            _without(candidate=PROCEDURE, repeat=1, fold=2),
            "1 of 12 held-out folds have no inner predictions",
        ),
        (_move_in, "2 people are both in training and held out"),
        (
            lambda t: t.assign(row=t["row"].replace({3: 1003, 4: 1004})),
            "2 rows of the inner predictions are not in the predictions table",
        ),
        (
            lambda t: t.assign(outcome=t["outcome"].mask(t["row"] == 7, 1 - t["outcome"])),
            "1 rows have another outcome",
        ),
        (
            lambda t: t.assign(person=t["person"].mask(t["row"] < 5, t["person"] + 1000)),
            "5 rows have another person",
        ),
    ],
)
def test_what_does_not_fit_is_counted_and_nobody_is_named(change, words):
    changed = change(INNER)
    with pytest.raises(PredictionsError, match=words) as caught:
        check_inner(changed, PREDICTIONS)
    assert not re.search("88[0-9]{4}", str(caught.value))


def test_all_rows_of_a_person_are_on_one_side():
    """Row 1 is a second visit of row 0's person, and in another fold."""
    twin = PREDICTIONS.assign(person=PREDICTIONS["person"].replace({880_001: 880_000}))
    outcome = int(twin.loc[twin["row"] == 0, "outcome"].iloc[0])
    twin.loc[twin["row"] == 1, "outcome"] = outcome
    for fold in (0, 1):
        twin.loc[twin["row"] == 0, "fold"], twin.loc[twin["row"] == 1, "fold"] = 0, fold
        if fold == 0:
            assert check_inner(inner_of(twin), twin) is not None
        else:
            with pytest.raises(PredictionsError, match="1 people are both"):
                check_inner(inner_of(twin), twin)
