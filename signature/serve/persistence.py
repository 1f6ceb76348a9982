"""Save and load a fitted procedure without pickle.

A model folder holds ``model.skops`` (the fitted procedure), ``model.json`` (schema, outcome and
where it comes from) and ``manifest.json`` (what the folder holds, so that a change is noticed); a
registered one holds the wheel, too. Nothing in it belongs to a person.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from signature import __version__
from signature.exceptions import ModelFileError, SchemaError
from signature.learn.calibration import CalibratedProcedure
from signature.serve.canonical import canonical
from signature.serve.manifest import CARD, MANIFEST, check_folder, manifest_of
from signature.study.schema import FeatureSchema

TRUSTED_TYPES = (
    "numpy.dtype",
    "signature.learn.boosting.ShallowBoosting",
    "signature.learn.calibration.CalibratedProcedure",
    "signature.learn.linear_average.LinearAverage",
    "signature.learn.penalised_logistic.PenalisedLogistic",
    "signature.prepare.censored_normal.CensoredNormal",
    "signature.prepare.censoring.LimitSubstitution",
    "signature.prepare.columns.TakeColumns",
    "signature.prepare.conditional_imputation.ConditionalImputation",
    "signature.prepare.confounders.Residualise",
    "signature.prepare.harmonisation.ComBat",
    "signature.prepare.imputation.OutcomeFreeImputer",
    "signature.prepare.reference_shift.ReferenceShift",
    "signature.prepare.scaling.AsinhColumns",
    "signature.prepare.scaling.Log2Columns",
    "signature.learn.single_marker.BestSingleMarker",
    "signature.select.stability_selection.StabilitySelection",
    "signature.select.stable_signature.StableSignature",
)
"""Types that a saved model may hold, beside those that skops trusts itself."""


class ModelCard(BaseModel):
    """``model.json``: what a fitted model expects, and what it says.

    ``probability`` is that of the event; ``columns`` are the rows of `FeatureSchema.to_list`.
    """

    # no Record: kept folds are read with this module, and do not depend on how a run is recorded
    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[4] = 4
    """Of the fitted steps beside the card, too, which a file names by the modules they live in."""
    package_version: str = __version__
    experiment: str
    question: str
    caution: str
    candidate: str
    outcome: str
    event: str
    no_event: str
    n_rows: int
    n_events: int
    columns: list[dict[str, Any]]
    fingerprint: str
    digest: str = ""
    """SHA-256 of the folder's manifest; empty before the folder is written."""

    def written(self, digest: str) -> bytes:
        """Return the card as a file, with the manifest's digest."""
        card = self.model_copy(update={"digest": digest})
        return (card.model_dump_json(indent=1) + "\n").encode()

    @property
    def schema_(self) -> FeatureSchema:
        """The columns as a schema."""
        return FeatureSchema.from_list(self.columns)


def save_procedure(procedure: CalibratedProcedure, file: Path) -> None:
    """Write one fitted procedure: the same one, the same bytes."""
    import skops.io

    file.write_bytes(canonical(skops.io.dumps(procedure)))


def load_procedure(file: Path, trusted: Iterable[str] = ()) -> CalibratedProcedure:
    """Read one fitted procedure.

    Parameters
    ----------
    file : Path
    trusted : iterable of str
        Further types that the caller vouches for.

    Raises
    ------
    ModelFileError
        When the file is missing, damaged, or holds a type that is not trusted.
    """
    import skops.io
    from skops.io.exceptions import UntrustedTypesFoundException

    if not file.is_file():
        raise ModelFileError(f"no fitted model {file.name!r} in {file.parent}")
    allowed = {*TRUSTED_TYPES, *trusted}
    try:
        return skops.io.load(file, trusted=sorted(allowed))
    except UntrustedTypesFoundException:
        strange = sorted(set(skops.io.get_untrusted_types(file=file)) - allowed)
        raise ModelFileError(
            f"{file.name} holds types that are not trusted: {', '.join(strange)}; "
            "load models only from people you trust, with the version that wrote them"
        ) from None
    except Exception as error:
        # skops and zipfile raise many kinds for a damaged file; all mean the same to the user
        raise ModelFileError(
            f"{file.name} cannot be read as a fitted model ({type(error).__name__}); "
            "copy it again, or load it with the package version that wrote it"
        ) from error


def save_model(procedure: CalibratedProcedure, card: ModelCard, folder: Path) -> Path:
    """Write a model folder and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    save_procedure(procedure, folder / "model.skops")
    seal_model(card, folder)
    return folder


def seal_model(card: ModelCard, folder: Path) -> ModelCard:
    """Write card and manifest of a folder as it is; return the card, with the manifest's digest."""
    manifest = manifest_of(folder, card.written(""))
    digest = sha256(manifest).hexdigest()
    (folder / MANIFEST).write_bytes(manifest)
    (folder / CARD).write_bytes(card.written(digest))
    return card.model_copy(update={"digest": digest})


def load_model(
    folder: Path, trusted: Iterable[str] = (), digest: str | None = None
) -> tuple[CalibratedProcedure, ModelCard]:
    """Read a model folder.

    Parameters
    ----------
    folder : Path
    trusted : iterable of str
        Types outside this package that the caller vouches for; the card cannot.
    digest : str, optional
        What the card must say, as the registry or another place says it.

    Raises
    ------
    ModelFileError
        As `load_procedure`, and when ``model.json`` is missing or of another version, or the folder
        is not as it was written.
    """
    file = folder / "model.json"
    if not file.is_file():
        raise ModelFileError(f"no 'model.json' in {folder}; a model folder holds it beside the fit")
    try:
        card = ModelCard.model_validate_json(file.read_bytes())
        card.schema_  # noqa: B018 - a card whose columns are no schema describes no model
    except (SchemaError, TypeError, KeyError, ValueError) as error:
        if not isinstance(error, ValidationError):
            raise ModelFileError(
                f"{file.name} does not describe a model: its columns are damaged"
            ) from None
        if any(e["loc"] == ("version",) for e in error.errors()):
            raise ModelFileError(
                f"{file.name} is of another version of this package, whose fitted steps this one "
                "cannot run; load the model with the version that wrote it, or make it anew with: "
                f"python -m pipelines.train experiments/{_experiment(file)}.toml"
            ) from None
        where = ", ".join(".".join(map(str, e["loc"])) for e in error.errors())
        raise ModelFileError(f"{file.name} does not describe a model: check {where}") from None
    if file.read_bytes() != card.written(card.digest):
        raise ModelFileError(f"{file} is not as it was written; copy the whole folder again")
    check_folder(folder, card.written(""), card.digest)
    if digest is not None and digest != card.digest:
        raise ModelFileError(
            f"the model in {folder} is another than the one asked for: its digest is {card.digest}"
        )
    # a file cannot vouch for what is in it; the list here does, and the caller
    return load_procedure(folder / "model.skops", trusted), card


def _experiment(file: Path) -> str:
    """Name of the experiment in a card of whatever version, if it is a plain name."""
    name = json.loads(file.read_bytes()).get("experiment")
    return name if isinstance(name, str) and name.isidentifier() else "<name>"
