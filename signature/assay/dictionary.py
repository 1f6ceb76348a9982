"""The study dictionary: which files a study has, and what their columns mean."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from signature.assay.layout import Layout
from signature.declared import Declared, read_declared
from signature.exceptions import StudyError

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
ColumnName = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9]*(_[A-Za-z0-9]+)*$")]
ScaleName = Literal["linear", "log2", "asinh", "yes/no"]
Repeats = Literal["refuse", "first", "mean_of_logs"]


class _Described(Declared):
    group: str | None = None
    label: str = ""
    unit: str = ""
    low: float | None = None
    """Plausible range, bounds included."""
    high: float | None = None
    cofactor: float | None = None
    """With ``scale = "asinh"``: where that scale turns from linear to logarithmic."""

    @model_validator(mode="after")
    def _ordered(self) -> _Described:
        if self.low is not None and self.high is not None and not self.low < self.high:
            raise ValueError("low must be less than high")
        return self


class MarkerText(_Described):
    """What the dictionary says of one marker; the vocabulary fills in group and label."""

    scale: ScaleName | None = None


class ClinicalText(_Described):
    """One column of the people table that becomes a feature."""

    column: str
    role: Literal["clinical", "confounder", "marker"] = "clinical"
    scale: ScaleName = "linear"
    codes: dict[str, float] = {}
    """Answer → number, for columns of text; every answer must be there."""


class AssayText(Declared):
    """One file of a laboratory."""

    file: str
    format: Name
    """A file of signature/assay/readers."""
    unit: str | None = None
    """Unit of all values; short for the same key of the layout."""
    panel: Name | None = None
    """A file of signature/panels: units, scales and plausible ranges."""
    layout: Layout = Layout()
    rules: dict[str, Any] = {}
    """Quality rules, see `signature.assay.rules.Rules`."""
    curves: bool = False
    """Wells: concentrations by the plates' standard curves instead of signals."""
    markers: dict[str, MarkerText] = {}
    """Canonical name → what no panel says, or says otherwise."""

    @model_validator(mode="after")
    def _one_unit(self) -> AssayText:
        if self.unit and self.layout.unit and self.unit != self.layout.unit:
            raise ValueError("unit and layout.unit differ; give one of them")
        return self


class PeopleText(Declared):
    """Whose samples these are: a table with one row per sample."""

    file: str
    sample: str
    """Column with the laboratory's sample name."""
    subject: str | None = None
    """Column with the person; the sample is the person when left out."""
    visit: str | None = None
    same_visit: Literal["refuse", "number"] = "refuse"
    """Second sample of one person and visit: an error, or a visit "<name> repeat"."""
    site: str | None = None
    plate: str | tuple[str, ...] | None = None
    """Column with the plate, or several of which the first that is filled counts."""
    arm: str | None = None
    weight: str | None = None
    records: tuple[str, ...] = ()
    """Columns to keep for filters and outcomes; those named elsewhere are kept anyway."""
    clinical: dict[ColumnName, ClinicalText] = {}
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = ","
    decimal: Annotated[str, Field(pattern=r"^[.,]$")] = "."


class OutcomeText(Declared):
    """The outcome that a check compares plates and missing values with."""

    column: str
    event: tuple[str, ...]
    """Answers that are the event."""
    no_event: tuple[str, ...] = ()
    """Answers that are not; all others when left out."""
    name: Name = "outcome"

    @model_validator(mode="after")
    def _apart(self) -> OutcomeText:
        if not self.event:
            raise ValueError("event must name at least one answer")
        if both := sorted(set(self.event) & set(self.no_event)):
            raise ValueError(f"both event and no_event: {', '.join(both)}")
        return self


class Dictionary(Declared):
    """A study dictionary; read it with `load_dictionary`."""

    title: str
    citation: str
    assays: Annotated[tuple[AssayText, ...], Field(min_length=1)]
    people: PeopleText | None = None
    """Without it every sample is a person of its own."""
    outcome: OutcomeText | None = None
    repeats: Repeats = "refuse"
    """One sample, one marker, two plates: an error, the first, or the mean of logarithms."""

    @model_validator(mode="after")
    def _complete(self) -> Dictionary:
        if self.outcome is not None and self.people is None:
            raise ValueError("an outcome is a column of the people table, and there is no [people]")
        return self


def load_dictionary(path: Path) -> Dictionary:
    """Read and check a study dictionary.

    Raises
    ------
    StudyError
        When the file is missing, is not TOML, or has a key or value that is not allowed; the
        message names the key.
    """
    return read_declared(path, Dictionary, StudyError)
