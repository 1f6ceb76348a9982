"""Data sets that a study dictionary describes: the TOML file of the same name in this folder."""

from __future__ import annotations

from pathlib import Path

from signature.assay.dictionary import load_dictionary
from signature.assay.study import DescribedStudy, read_study
from signature.study.tables import data_folder


def citation_of(name: str) -> str:
    """Return what the dictionary says to cite."""
    return load_dictionary(_dictionary(name)).citation


def described(name: str) -> DescribedStudy:
    """Read the files of a data set in its local folder, as its dictionary describes them."""
    folder = data_folder(name)
    return read_study(_dictionary(name), folder, within=folder.parent)


def _dictionary(name: str) -> Path:
    return Path(__file__).with_name(f"{name}.toml")
