"""Infliximab in Crohn's disease: 45 serum analytes before and during treatment, from raw wells.

28 patients at three visits on two plates; 24 of them have a response. What the files mean stands
in the study dictionary beside this module.
"""

from __future__ import annotations

from dataclasses import replace
from importlib import resources
from pathlib import Path

from signature.assay.dictionary import load_dictionary
from signature.assay.study import read_study
from signature.cohort import Cohort
from signature.tables import data_folder

_NAME = "infliximab_crohn_luminex"
_DICTIONARY = Path(str(resources.files(__package__).joinpath(f"{_NAME}.toml")))

CITATION = load_dictionary(_DICTIONARY).citation


def load() -> Cohort:
    """Read the wells: duplicates merged, blanks as limits, plates bridged; one row per visit.

    Values are fluorescence (MFI), which says more or less and not how much.

    Raises
    ------
    DataFolderNotSetError
        When SIGNATURE_DATA does not lead to the data.
    SignatureError
        Another of its kinds, when a file is not what it was.
    """
    study = read_study(_DICTIONARY, data_folder(_NAME))
    return replace(study.cohort, quality=study.quality)
