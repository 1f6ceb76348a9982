"""The subgroups that an experiment asks for, looked up among all that is known of its rows."""

from __future__ import annotations

import pandas as pd

from pipelines.question.experiment import Experiment
from signature.exceptions import CohortError, ExperimentError
from signature.study.cohort import Cohort
from signature.study.schema import CARRIERS, Scale
from signature.validation.subgroups import Subgroup, subgroups


def people_groups(cohort: Cohort, experiment: Experiment) -> list[Subgroup]:
    """Find which rows belong to which subgroup.

    Parameters
    ----------
    cohort : Cohort
    experiment : Experiment
        Its `subgroups` name features, records, ``site`` or ``arm``, in this order of precedence.
        The levels of a feature that holds 0 and 1 only are ``no`` and ``yes``.

    Returns
    -------
    list of Subgroup
        Of the cohort's rows.

    Raises
    ------
    ExperimentError
        When a column or level is not there, cut points do not fit their column, or a column
        without cut points holds measurements.
    """
    asked = experiment.subgroups
    known = _columns(cohort)
    table = pd.DataFrame({name: known[name] for name in asked if name in known}).reset_index(
        drop=True
    )
    try:
        for name in asked:
            if name not in known:
                raise CohortError(
                    f"no feature or recorded column {name!r}; there are: "
                    + ", ".join(sorted(known))
                )
        return subgroups(table, {name: levels or None for name, levels in asked.items()})
    except CohortError as error:
        raise ExperimentError(f"experiment {experiment.name!r}, subgroups: {error}") from None


def group_labels(cohort: Cohort, experiment: Experiment) -> dict[str, str]:
    """Return how a report prints each column that forms subgroups, without what is in brackets."""
    schema = cohort.schema
    return {
        name: schema[name].label.split(" (")[0]
        if name in schema
        else name.replace("_", " ").capitalize()
        for name in experiment.subgroups
    }


def _columns(cohort: Cohort) -> dict[str, pd.Series]:
    """All columns that may form subgroups; a feature hides a record of the same name."""
    placed = {"site": cohort.site, "arm": cohort.arm}
    found = {name: values for name, values in placed.items() if values is not None}
    found |= {str(name): cohort.records[name] for name in cohort.records}
    for column in cohort.schema.columns:
        if column.role in CARRIERS:
            continue
        values = cohort.X[column.name]
        if column.scale is Scale.YES_NO or values.dropna().isin((0, 1)).all():
            values = values.map({0.0: "no", 1.0: "yes"})
        found[column.name] = values
    return found
