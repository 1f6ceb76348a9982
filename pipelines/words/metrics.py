"""What the metrics are called, which way is better, and what they mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Metric:
    """One metric as a reader meets it.

    ``better`` says what a *difference* to the reference means: ``higher`` or ``lower`` is better,
    or ``none`` where only the distance of each model to ``ideal`` counts.
    """

    label: str
    better: Literal["higher", "lower", "none"]
    ideal: float | None
    meaning: str
    digits: int = 3


METRICS = {
    "auroc": Metric(
        "AUROC",
        "higher",
        1.0,
        "the chance that someone with the event is ranked above someone without it; "
        "0.5 is a coin toss, 1 is perfect",
    ),
    "auprc": Metric(
        "AUPRC",
        "higher",
        1.0,
        "average precision over all thresholds; the share of events is what chance reaches",
    ),
    "brier": Metric("Brier score", "lower", 0.0, "mean squared error of the probability"),
    "log_loss": Metric("Log-loss", "lower", 0.0, "cost of confident mistakes"),
    "calibration_slope": Metric(
        "Calibration slope",
        "none",
        1.0,
        "1 is right; below 1 the probabilities are too extreme, above 1 too timid",
        2,
    ),
    "calibration_intercept": Metric(
        "Calibration intercept",
        "none",
        0.0,
        "0 is right; below 0 the probabilities are too high on average, above 0 too low",
        2,
    ),
}
"""In the order in which tables show them."""

DIFFERENCES = METRICS | {
    "net_benefit": Metric(
        "Net benefit",
        "higher",
        None,
        "events found per person, less false alarms at the odds of the threshold",
    )
}
"""Metrics of which a difference may be given."""


def direction(metric: str) -> str:
    """Say which sign of a difference favours the candidate.

    Examples
    --------
    >>> direction("brier")
    'negative favours the candidate'
    """
    words = {
        "higher": "positive favours the candidate",
        "lower": "negative favours the candidate",
        "none": "no sign is better; read each model against the ideal",
    }
    return words[DIFFERENCES[metric].better]
