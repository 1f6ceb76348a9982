"""The simulated trial of interleukin-2 in 400 people who are all expected to gain the same."""

from __future__ import annotations

from dataclasses import replace

from signature.datasets import simulated_il2_trial
from signature.datasets.simulated_il2_trial import AFTER_RANDOMISATION, CITATION
from signature.study.cohort import Cohort

__all__ = ["AFTER_RANDOMISATION", "CITATION", "load"]


def load() -> Cohort:
    """Return the trial: one row per person."""
    return replace(simulated_il2_trial.draw(modified=False).cohort, name="simulated_il2_null")
