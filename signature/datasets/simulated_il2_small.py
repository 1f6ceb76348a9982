"""The simulated trial of low-dose interleukin-2 in 36 people, 24 of them treated."""

from __future__ import annotations

from dataclasses import replace

from signature.datasets import simulated_il2_trial
from signature.datasets.simulated_il2_trial import AFTER_RANDOMISATION, CITATION
from signature.study.cohort import Cohort

__all__ = ["AFTER_RANDOMISATION", "CITATION", "load"]


def load() -> Cohort:
    """Return the trial: one row per person."""
    return replace(simulated_il2_trial.draw(36).cohort, name="simulated_il2_small")
