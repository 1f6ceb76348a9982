"""Infliximab in Crohn's disease: 45 serum analytes before and during treatment, from raw wells.

28 patients at three visits on two plates; 24 of them have a response. What the files mean stands
in the study dictionary beside this module.
"""

from __future__ import annotations

from signature.assay.study import DescribedStudy
from signature.datasets._described import citation_of, described
from signature.study.cohort import Cohort

CITATION = citation_of("infliximab_crohn_luminex")


def read() -> DescribedStudy:
    """Read the wells: duplicates merged, blanks as limits, plates bridged; one row per visit.

    Values are fluorescence (MFI), which says more or less and not how much.

    Raises
    ------
    DataFolderNotSetError
        When SIGNATURE_DATA does not lead to the data.
    SignatureError
        Another of its kinds, when a file is not what it was.
    """
    return described("infliximab_crohn_luminex")


def load() -> Cohort:
    """Return the rows of `read`."""
    return read().cohort
