"""Persons and folds of rows as numbers."""

import numpy as np
import pytest

from signature.exceptions import PredictionsError
from signature.validation._held_out import fold_codes, person_codes


def test_persons_and_folds_are_numbered_in_the_order_of_their_names():
    names = np.array(["b", "a", "b", "c"])
    assert person_codes(names, 4).tolist() == fold_codes(names, 4).tolist() == [1, 0, 1, 2]


def test_left_out_every_row_is_a_person_and_all_are_in_one_fold():
    assert person_codes(None, 3).tolist() == [0, 1, 2]
    assert fold_codes(None, 3).tolist() == [0, 0, 0]


@pytest.mark.parametrize(("numbered", "word"), [(person_codes, "person"), (fold_codes, "fold")])
def test_one_is_needed_for_each_row(numbered, word):
    with pytest.raises(
        PredictionsError, match=rf"^{word} must say .* each of the 3 rows .* \(2,\)"
    ):
        numbered(np.zeros(2), 3)
