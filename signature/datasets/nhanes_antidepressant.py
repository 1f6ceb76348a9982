"""NHANES 2005-06 to 2017-March 2020: adults who take an antidepressant, six survey cycles.

A survey, not a trial: blood, symptoms and prescriptions belong to the same visit, so nothing here
can show what comes first. Symptoms and everything about treatment are kept out of the features.
"""

from __future__ import annotations

from signature.datasets._nhanes import COLUMNS, as_cohort
from signature.study.cohort import Cohort
from signature.study.tables import data_folder, read_table

CITATION = (
    "Centers for Disease Control and Prevention, National Center for Health Statistics. National "
    "Health and Nutrition Examination Survey, 2005-2006 to 2017-March 2020. C-reactive protein of "
    "2005-2010 as distributed with the R package BioAge (Kwon D, Belsky DW. GeroScience 2021)."
)

_FILE = "treated_subset.csv"


def load() -> Cohort:
    """Read the survey: one row per person, survey weights, cycle and assay as records.

    C-reactive protein of 50 mg/L and more is read as 50 in 2017-2020, because the source of
    2005-2010 holds nothing above it: an uncut tail would tell the cycles apart. Values that the
    survey filled in for "below the limit" arrive as censored.

    The weight is the examination weight times the years of its cycle over two, as NCHS asks for
    when cycles are pooled; `records` has it as published.

    Raises
    ------
    DataFolderNotSetError
        When SIGNATURE_DATA does not lead to the data.
    TableError
        When the file is not what it was.
    """
    table = read_table(data_folder("nhanes_antidepressant") / _FILE, columns=COLUMNS)
    return as_cohort(table, name="nhanes_antidepressant", citation=CITATION, where=_FILE)
