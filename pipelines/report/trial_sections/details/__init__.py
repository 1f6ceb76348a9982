"""What would be needed to do it again."""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.report.trial_results import TrialResults
from pipelines.report.trial_words import label

TITLE = "Details"
ORDER = 99


@dataclass(frozen=True)
class Details:
    """Settings, versions and the source."""

    name: str
    dataset: str
    endpoint: str
    citation: str
    seed: int
    missing: str
    """What was done about unknown outcomes."""
    crossfitting: dict[str, int]
    """By setting, in words."""
    candidates: tuple[str, ...]
    features: tuple[str, ...]
    code_version: str
    libraries: dict[str, str]
    """Version by name."""
    started: str
    seconds: float
    fingerprint: str


def summarize(results: TrialResults) -> Details:
    """Collect settings, versions and the source."""
    record = results.record
    experiment = record.experiment
    candidates = experiment["candidates"]
    return Details(
        name=experiment["name"],
        dataset=experiment["trial"]["dataset"],
        endpoint=experiment["trial"]["endpoint"],
        citation=record.citation,
        seed=experiment["seed"],
        missing=experiment["trial"]["missing"],
        crossfitting={k.replace("_", " "): v for k, v in experiment["crossfitting"].items()},
        candidates=(candidates["headline"], *candidates["others"]),
        features=tuple(label(name, record) for name in record.labels),
        code_version=record.code_version,
        libraries=record.environment,
        started=record.started,
        seconds=record.seconds,
        fingerprint=record.fingerprint,
    )
