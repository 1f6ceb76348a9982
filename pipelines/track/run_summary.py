"""What is said of a run where runs are compared: params, tags and metrics, as plain numbers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any, NamedTuple, Protocol

from pipelines.fit.results_folder import Results
from signature.records.results import CandidateResult, Estimate, Evaluation, Launch

_WORDS = ("title", "question", "caution")

THRESHOLD_TAG = "threshold: "
"""What the tag of an exported threshold begins with; its rule follows."""


MARK, WHOLE = "results_mark", "results_whole"
"""Tags: which launch's results a run holds, and that it holds all of them."""

FOLDER, PERSON_LEVEL = "results_folder", "person_level"
"""Tags: where the results lie, and whether tables with a row per person were sent."""


class Launched(Protocol):
    """A launch of either kind."""

    @property
    def started(self) -> str:
        """When it began, as ISO 8601."""

    @property
    def seconds(self) -> float:
        """How long it took."""


class Point(NamedTuple):
    """One value of a metric."""

    key: str
    value: float
    step: int


def run_params(launch: Launch) -> dict[str, str]:
    """Return the settings of the experiment, nested keys joined by a point."""
    return _flat({k: v for k, v in launch.experiment.items() if k not in _WORDS})


def run_tags(launch: Launch, evaluation: Evaluation) -> dict[str, str]:
    """Return what a run is found and recognised by; the description holds the verdict."""
    words = [str(launch.experiment.get(k) or "") for k in _WORDS]
    verdict = evaluation.verdict
    answer = f"**{verdict.sentence}** {evaluation.claim.sentence}"
    return {
        "mlflow.note.content": "\n\n".join([*(w for w in words if w), answer]),
        "adds_to_reference": verdict.adds,
        "claim": evaluation.claim.rung,
        "gate": "passed" if evaluation.gate_passed else "not passed",
        "validation": evaluation.headline.name,
        "reference": evaluation.reference,
        "outcome": launch.outcome.get("label", ""),
        "data_digest": launch.data_digest,
        "fingerprint": launch.fingerprint,
        "code_version": launch.code_version,
        "final_model": launch.final_model.candidate,
    } | {
        threshold_tag(found.rule): f"{found.threshold:.4g}" for found in evaluation.final_thresholds
    }


def threshold_tag(rule: str) -> str:
    """Name the tag of an exported threshold; MLflow takes neither % nor a comma in a name.

    Examples
    --------
    >>> threshold_tag("sensitivity of at least 90 %")
    'threshold: sensitivity of at least 90 percent'
    """
    return THRESHOLD_TAG + rule.replace("%", "percent")


def run_metrics(evaluation: Evaluation) -> dict[str, float]:
    """Return the headline: AUROC and its difference to the reference, with bounds, and counts."""
    block = evaluation.headline
    return {
        **_bounds("auroc", evaluation.verdict.auroc),
        **_bounds("delta_auroc", evaluation.verdict.difference),
        "n_rows": float(block.n_rows),
        "n_people": float(block.n_people),
        "n_events": float(block.n_events),
        "gate_passed": float(evaluation.gate_passed),
    }


def mark_of(fingerprint: str, started: str) -> str:
    """Return what a run is recognised by, however often its results are sent."""
    return sha256(f"{fingerprint} {started}".encode()).hexdigest()[:32]


def moment(launch: Launched) -> int:
    """Return when a launch ended, in milliseconds: the time of its metrics, whenever they go."""
    began = datetime.fromisoformat(launch.started)
    return int((began.timestamp() + launch.seconds) * 1000)


def place_tags(results: Results) -> dict[str, str]:
    """Return where the results are, and whether what has a row per person left that place."""
    sent = sends_person_level(results.launch)
    return {FOLDER: str(results.folder.resolve()), PERSON_LEVEL: "sent" if sent else "stays there"}


def sends_person_level(launch: Launch) -> bool:
    """Whether the experiment lets tables with a row per person leave; older ones never did say."""
    told = launch.experiment.get("tracking")
    return isinstance(told, Mapping) and told.get("person_level") is True


def candidates(evaluation: Evaluation) -> dict[str, CandidateResult]:
    """Return every candidate once, as in the last block that has it."""
    return {c.name: c for block in evaluation.blocks for c in block.candidates}


def candidate_points(name: str, evaluation: Evaluation) -> list[Point]:
    """Return the metrics of one candidate.

    ``fold_auroc`` has one step per fold, counted through all repeats; a fold in which only one
    class was held out leaves a gap. Blocks before the headline have their name as a prefix.
    """
    points: list[Point] = []
    for block in evaluation.blocks:
        prefix = "" if block is evaluation.headline else f"{block.name}_"
        for candidate in block.candidates:
            if candidate.name == name:
                points += _points(candidate, prefix)
    return points


def candidate_table(evaluation: Evaluation) -> list[dict[str, Any]]:
    """Return one line per block and candidate with all its metrics."""
    return [
        {"block": block.name, "candidate": c.name, "part": c.part} | _all_bounds(c)
        for block in evaluation.blocks
        for c in block.candidates
    ]


def typical_values(launch: Launch) -> dict[str, float]:
    """Return the median of each feature, for an input example that is nobody's row."""
    return {c.name: c.quantiles[2] for c in launch.columns if c.quantiles}


def _flat(config: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    out: dict[str, str] = {}
    for key, value in config.items():
        if isinstance(value, Mapping):
            out |= _flat(value, f"{prefix}{key}.")
        elif value not in (None, "", [], ()):
            out[prefix + key] = value if isinstance(value, str) else json.dumps(value)
    return out


def _points(candidate: CandidateResult, prefix: str) -> list[Point]:
    folds = sorted(candidate.folds, key=lambda f: (f.repeat, f.fold))
    return [Point(prefix + k, v, 0) for k, v in _all_bounds(candidate).items()] + [
        Point(f"{prefix}fold_auroc", fold.auroc, step)
        for step, fold in enumerate(folds)
        if fold.auroc is not None
    ]


def _all_bounds(candidate: CandidateResult) -> dict[str, float]:
    return {k: v for name, e in candidate.metrics.items() for k, v in _bounds(name, e).items()}


def _bounds(name: str, estimate: Estimate) -> dict[str, float]:
    parts = {name: estimate.value, f"{name}_low": estimate.low, f"{name}_high": estimate.high}
    return {k: v for k, v in parts.items() if v is not None}
