"""The model refitted on all development rows, and whether it met the conditions set in advance."""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.fit.results_folder import Results
from signature.records.results import GateCheck

TITLE = "Final model and its conditions"
ORDER = 90


@dataclass(frozen=True)
class Setting:
    """One parameter of the model, as text."""

    name: str
    value: str


@dataclass(frozen=True)
class Contender:
    """Log-loss of one contender on the inner folds of all development rows."""

    label: str
    loss: float
    chosen: bool


@dataclass(frozen=True)
class RefittedModel:
    """What was refitted, why it was chosen, and what the gate says of it."""

    label: str
    params: tuple[Setting, ...]
    slope: float
    intercept: float
    """Of the calibration, on log-odds."""
    losses: tuple[Contender, ...]
    """The lowest first."""
    gate: tuple[GateCheck, ...]
    passed: bool
    failed: int


def summarize(results: Results) -> RefittedModel:
    """Collect the model's settings, why it was chosen, and the gate."""
    final, labels = results.launch.final_model, results.candidate_labels()
    losses = sorted(final.inner_log_loss.items(), key=lambda item: item[1])
    gate = results.evaluation.gate
    return RefittedModel(
        label=final.label,
        params=tuple(Setting(name, str(value)) for name, value in sorted(final.params.items())),
        slope=final.calibration_slope,
        intercept=final.calibration_intercept,
        losses=tuple(
            Contender(labels.get(name, name), loss, chosen=name == final.candidate)
            for name, loss in losses
        ),
        gate=tuple(gate),
        passed=results.evaluation.gate_passed,
        failed=sum(not check.passed for check in gate),
    )
