"""COVID-19 in three hospitals: 63 inflammation proteins, repeated samples, plates and limits.

Breda and Nijmegen are patients in hospital, in intensive care or not; Hannover is people after
COVID-19 and healthy people, kept for comparison. What the files mean stands in the study
dictionary beside this module.
"""

from __future__ import annotations

from dataclasses import replace

from signature.assay.study import DescribedStudy
from signature.datasets._described import citation_of, described
from signature.study.cohort import Cohort

# As the file and as this software names them.
_RECORDS = {
    "cohort": "hospital",
    "timepoint": "timepoint",
    "condition": "condition",
    "QC_Warning": "qc_warning",
    "day_since_first_sample": "day_since_first_sample",
}

CITATION = citation_of("covid_olink_three_sites")


def read() -> DescribedStudy:
    """Read the samples: one row per sample, NPX below its batch's limit as censored.

    Twelve rows carry no protein at all and are left out.

    Raises
    ------
    DataFolderNotSetError
        When SIGNATURE_DATA does not lead to the data.
    SignatureError
        Another of its kinds, when a file is not what it was.
    """
    study = described("covid_olink_three_sites")
    records = study.cohort.records[list(_RECORDS)].rename(columns=_RECORDS)
    cohort = replace(study.cohort, records=records)
    return replace(study, cohort=cohort, site=_RECORDS.get(study.site or ""))


def load() -> Cohort:
    """Return the rows of `read`."""
    return read().cohort
