"""NHANES from the survey's own public files: adults who take an antidepressant.

The same people, columns and records as `nhanes_antidepressant`, for those who have no copy of its
table. Nothing is downloaded unless `fetch` is called; `load` reads a folder.

What differs from `nhanes_antidepressant`: values have all their digits; C-reactive protein of 50
mg/L and more is there in 2005-2010 too (and read as 50); fasting glucose and insulin are as
published; "told: diabetes" of 2013-14 is there; and 2015-16 is read where its files were fetched.
"""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd

from signature.datasets._nhanes import as_cohort
from signature.datasets._nhanes_fetch import fetch
from signature.datasets._nhanes_files import cycles_in
from signature.datasets._nhanes_public import treated
from signature.exceptions import DataFolderNotSetError
from signature.study.cohort import Cohort
from signature.study.tables import data_folder

__all__ = ["CITATION", "fetch", "load"]

CITATION = (
    "Centers for Disease Control and Prevention, National Center for Health Statistics. National "
    "Health and Nutrition Examination Survey, 2005-2006 to 2017-March 2020, public-use data files."
)

_NAME = "nhanes_public"
_HOW = (
    "Fetch the files once, about 150 MB: "
    "python -c \"from signature.datasets import nhanes_public; nhanes_public.fetch('nhanes')\" "
    "and set SIGNATURE_NHANES to that folder"
)


def load() -> Cohort:
    """Read the survey's files: one row per person, survey weights, cycle and assay as records.

    All cycles of which the folder holds files are read. The folder is the one that SIGNATURE_NHANES
    names, otherwise ``nhanes_public`` in the folder that SIGNATURE_DATA names.

    C-reactive protein of 50 mg/L and more is read as 50, values that the survey filled in for
    "below the limit" arrive as censored, and the weight counts the years of its cycle, all as in
    `nhanes_antidepressant`.

    Raises
    ------
    DataFolderNotSetError
        When there is no folder with files; the message says how to fetch them.
    TableError
        When a file is missing, or is not the one it was.
    """
    folder = _folder()
    cycles = cycles_in(folder)
    if not cycles:
        raise DataFolderNotSetError(f"{folder} holds no file of NHANES. {_HOW}")
    table = pd.concat([treated(folder, cycle) for cycle in cycles], ignore_index=True)
    return as_cohort(table, name=_NAME, citation=CITATION, where="NHANES")


def _folder() -> Path:
    named = os.environ.get("SIGNATURE_NHANES")
    if named:
        if not Path(named).is_dir():
            raise DataFolderNotSetError(f"SIGNATURE_NHANES names no folder. {_HOW}")
        return Path(named)
    try:
        return data_folder(_NAME)
    except DataFolderNotSetError:
        raise DataFolderNotSetError(
            f"data set {_NAME!r} is read from a local folder and is not shipped. {_HOW}"
        ) from None
