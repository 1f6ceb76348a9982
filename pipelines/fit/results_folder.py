"""A results folder, read file by file when first asked for."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from pydantic import ValidationError

from pipelines.question.experiment import Experiment
from signature.bounded import UnboundedError, json_value
from signature.check.assay_record import AssayRecord
from signature.declared import MOST_PROBLEMS
from signature.exceptions import PredictionsError, ResultsError
from signature.records.base import Record
from signature.records.clusters import ClustersRecord
from signature.records.equivalents import EquivalentsRecord
from signature.records.for_whom import ForWhom
from signature.records.inner_table import check_inner
from signature.records.null_check import Comparison, NullCheck
from signature.records.plan import PlanRecord
from signature.records.results import (
    CONTRIBUTION_COLUMNS,
    PROCEDURE,
    Block,
    Evaluation,
    Launch,
    check_predictions,
)
from signature.records.sentinels import Sentinels
from signature.records.signature import SignatureRecord
from signature.writing import aside_of, sweep, write_whole

if TYPE_CHECKING:
    import pandas as pd

_Record = TypeVar("_Record", bound=Record)


def comparison(check: NullCheck | None, fingerprint: str) -> Comparison | None:
    """Return a null check's comparison with the real run, unless it is of another run."""
    if check is None or check.run_fingerprint != fingerprint:
        return None
    return check.comparison


def make_folder(folder: Path) -> Path:
    """Make a results folder, find out that it can be written to, and clear what a kill left.

    Raises
    ------
    ResultsError
        When there is no place for it.
    OutputError
        When nothing can be written there.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ResultsError(
            f"cannot make the results folder {folder}: {error.strerror}; choose another --results"
        ) from None
    # better now than after hours of fits
    probe = aside_of(folder / "probe")
    write_whole(probe, "x" * 4096)
    probe.unlink(missing_ok=True)
    sweep(folder)
    return folder


def write_table(table: pd.DataFrame, file: Path) -> None:
    """Write a Parquet file with checksums of its pages, whole or not at all.

    Raises
    ------
    OutputError
        When it cannot be written.
    """
    content = io.BytesIO()
    table.to_parquet(content, index=False, write_page_checksum=True)
    write_whole(file, content.getvalue())


@dataclass(frozen=True)
class Results:
    """What a run left in ``results/<experiment>/``.

    Every property reads its file once and raises ResultsError, which names the command that makes
    the file, when it is missing, damaged, or written by another version of this software.

    Parameters
    ----------
    folder : Path
        The results folder.

    Examples
    --------
    >>> Results(Path("results/nowhere")).evaluation
    Traceback (most recent call last):
        ...
    signature.exceptions.ResultsError: results/nowhere/evaluation.json is missing; make it with:
    python -m pipelines.train experiments/nowhere.toml
    """

    folder: Path

    @cached_property
    def launch(self) -> Launch:
        """What was run, on what, with what."""
        return self._json("launch.json", Launch)

    @cached_property
    def evaluation(self) -> Evaluation:
        """Everything measured on held-out people."""
        evaluation = self._json("evaluation.json", Evaluation)
        name = self.launch.experiment.get("name", evaluation.experiment)
        if name != evaluation.experiment:
            raise ResultsError(
                f"{self.folder}: launch.json is of experiment {name!r}, evaluation.json of "
                f"{evaluation.experiment!r}; make the latter again with: "
                f"{self._command}"
            )
        return evaluation

    @cached_property
    def experiment(self) -> Experiment:
        """The experiment as it was run."""
        text = {"name": self.evaluation.experiment, **self.launch.experiment}
        try:
            # From JSON, where a list is as good as a tuple.
            return Experiment.model_validate_json(json.dumps(text))
        except ValidationError as error:
            raise self._unreadable("launch.json", error) from None

    @cached_property
    def assay(self) -> AssayRecord:
        """What the assay did to the analysed rows."""
        return self._json("assay.json", AssayRecord)

    @cached_property
    def sentinels(self) -> Sentinels:
        """What was looked at for leakage."""
        return self._json("sentinels.json", Sentinels)

    @cached_property
    def plan(self) -> PlanRecord | None:
        """How many people it takes; None where it was not asked yet."""
        if not (self.folder / "plan.json").is_file():
            return None
        return self._json("plan.json", PlanRecord, step="plan")

    @cached_property
    def for_whom(self) -> ForWhom | None:
        """Confounders, subgroups and drift between sites; None in folders of an older run."""
        if not (self.folder / "for_whom.json").is_file():
            return None
        return self._json("for_whom.json", ForWhom)

    @cached_property
    def null_check(self) -> NullCheck | None:
        """What runs on shuffled outcomes found; None where there were none yet."""
        if not (self.folder / "null_check.json").is_file():
            return None
        return self._json("null_check.json", NullCheck, step="null_check")

    @cached_property
    def signature(self) -> SignatureRecord | None:
        """The markers that passed selection, maybe none; None where no contender selects."""
        if not (self.folder / "signature.json").is_file():
            return None
        return self._json("signature.json", SignatureRecord)

    @cached_property
    def clusters(self) -> ClustersRecord | None:
        """Which clusters of the panel go with the outcome; None where none were looked for."""
        if not (self.folder / "clusters.json").is_file():
            return None
        return self._json("clusters.json", ClustersRecord)

    @cached_property
    def equivalents(self) -> EquivalentsRecord | None:
        """Which markers may stand in for each other; None where it was not asked yet."""
        if not (self.folder / "equivalents.json").is_file():
            return None
        return self._json("equivalents.json", EquivalentsRecord, step="equivalents")

    @cached_property
    def predictions(self) -> pd.DataFrame:
        """Held-out probabilities, one line per row, candidate and repeat."""
        try:
            return check_predictions(self._table("predictions.parquet"))
        except PredictionsError as error:
            raise ResultsError(f"{self.folder / 'predictions.parquet'}: {error}") from None

    @cached_property
    def inner(self) -> pd.DataFrame:
        """Inner predictions of each fold's training rows, for procedure and reference."""
        try:
            return check_inner(self._table("inner.parquet"), self.predictions)
        except PredictionsError as error:
            raise ResultsError(f"{self.folder / 'inner.parquet'}: {error}") from None

    @cached_property
    def contributions(self) -> pd.DataFrame:
        """What each feature added to the log-odds of each held-out row."""
        table = self._table("contributions.parquet")
        missing = [c for c in CONTRIBUTION_COLUMNS if c not in table]
        if missing:
            raise ResultsError(
                f"{self.folder / 'contributions.parquet'} lacks {', '.join(map(repr, missing))}; "
                f"make it again with: {self._command}"
            )
        return table

    @property
    def blocks(self) -> list[Block]:
        """The blocks of the evaluation, the headline first."""
        return self.evaluation.blocks[::-1]

    def procedure_predictions(self, block: str) -> pd.DataFrame:
        """Return the lines of the headline procedure in one block.

        Raises
        ------
        ResultsError
            When there are none.
        """
        p = self.predictions
        chosen = p[(p["block"] == block) & (p["candidate"] == PROCEDURE)]
        if chosen.empty:
            raise ResultsError(
                f"{self.folder / 'predictions.parquet'} holds no {block} predictions of "
                f"{PROCEDURE!r}; make it again with: {self._command}"
            )
        return chosen

    def candidate_labels(self) -> dict[str, str]:
        """Return the printed name of every candidate."""
        return {c.name: c.label for block in self.blocks for c in block.candidates}

    def _path(self, name: str) -> Path:
        path = self.folder / name
        if not path.is_file():
            raise ResultsError(f"{path} is missing; make it with: {self._command}")
        return path

    def _json(self, name: str, model: type[_Record], step: str = "train") -> _Record:
        path, command = self._path(name), self._command_of(step)
        try:
            record = json_value(path.read_bytes())
        except UnboundedError:
            raise ResultsError(f"{path} is not valid JSON; make it again with: {command}") from None
        found = record.get("version") if isinstance(record, dict) else None
        expected = model.model_fields["version"].default
        if found != expected:
            raise ResultsError(
                f"{path} has version {found}, this software reads version {expected}; "
                f"make it again with: {command}"
            )
        try:
            return model.model_validate(record)
        except ValidationError as error:
            raise self._unreadable(name, error, step) from None

    def _unreadable(self, name: str, error: ValidationError, step: str = "train") -> ResultsError:
        # Names of fields only: the values of a damaged file are nobody's business.
        wrong = error.errors()[:MOST_PROBLEMS]
        fields = ", ".join(".".join(map(str, e["loc"])) + f" ({e['type']})" for e in wrong)
        return ResultsError(
            f"{self.folder / name} does not fit its schema: {fields}; "
            f"make it again with: {self._command_of(step)}"
        )

    def _table(self, name: str) -> pd.DataFrame:
        import pandas as pd
        from pyarrow import ArrowException

        path = self._path(name)
        try:
            return pd.read_parquet(path, page_checksum_verification=True)
        except (ArrowException, OSError, ValueError):
            # what pyarrow raises for a damaged file depends on where it is damaged
            raise ResultsError(
                f"{path} is not a Parquet file; make it again with: {self._command}"
            ) from None

    @property
    def _command(self) -> str:
        # `evaluate` reads the labels of an earlier evaluation, so only `train` makes any file anew;
        # it takes finished folds from its store.
        return self._command_of("train")

    def _command_of(self, step: str) -> str:
        what = self.folder if step == "equivalents" else f"experiments/{self.folder.name}.toml"
        return f"python -m pipelines.{step} {what}"
