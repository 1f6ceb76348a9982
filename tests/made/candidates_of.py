"""The files of ``models/`` by what they predict: contracts of the two kinds differ."""

from types import ModuleType

from signature.discovery import load_all


def probability_candidates() -> dict[str, ModuleType]:
    """Candidates of an ordinary experiment, by name: they predict the probability of an event."""
    return {n: m for n, m in _all().items() if getattr(m, "PREDICTS", "event") == "event"}


def effect_candidates() -> dict[str, ModuleType]:
    """Candidates of a trial, by name: they predict benefit of treatment over control."""
    return {n: m for n, m in _all().items() if getattr(m, "PREDICTS", "event") == "benefit"}


def _all() -> dict[str, ModuleType]:
    return load_all("models", ["LABEL", "build", "space"])
