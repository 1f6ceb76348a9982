"""Features on the scale on which a linear model sees them, for describing a whole study."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import takewhile

import pandas as pd
from sklearn.pipeline import Pipeline

from signature.prepare.procedures import linear_steps
from signature.study.cohort import Cohort
from signature.study.handling import Handling


def as_a_model_sees(cohort: Cohort, names: Iterable[str]) -> pd.DataFrame:
    """Take features to the scale of a linear model; gaps stay open and batches as measured.

    Parameters
    ----------
    cohort : Cohort
    names : iterable of str
        Features.

    Returns
    -------
    DataFrame of float, shape (n_rows, n_names)
        Values below a limit are one number per marker, whatever the limit of the row, so that
        limits that differ between sites or lots do not themselves look like a difference. That
        number and the floor of a logarithm come from all rows: this is for description, and
        nothing is to be learned from it.
    """
    wanted = tuple(names)
    plain = replace(cohort.schema, handling=Handling(detected_above=1.0))
    steps = linear_steps(plain, wanted, random_state=0)
    scaled = Pipeline(list(takewhile(lambda step: step[0] != "impute", steps)))
    return pd.DataFrame(scaled.fit_transform(cohort.X))[list(wanted)]
