"""A simulated study with a signature in it: 600 people, four sites, six of 48 markers matter.

The counterpart of a study in which nothing is found: it shows what a panel looks like that tells
something, and whether the six are named. CRP is a decoy: it goes with BMI and with IL-6, which
matter, and does nothing by itself. `signature.datasets.simulate` has the equations.

With the true log-odds the event would be told with an AUROC of about 0.80, with age and BMI alone
0.65; what is learned from 600 people stays below the first.
"""

from __future__ import annotations

from dataclasses import replace

from signature.datasets import simulate
from signature.datasets.simulate import Design, Simulated
from signature.study.cohort import Cohort

CITATION = simulate.CITATION
SEED = 20260101

PLANTED = {
    "IL6": 0.5, "IL10": -0.5, "IL18": 0.5, "CXCL10": 0.5, "BDNF": -0.5, "TNFRSF1B": 0.5,
}  # fmt: skip
"""Markers that matter, each in a block of its own, with their log-odds per SD."""

DECOY = "CRP"
"""A marker that does not matter and looks as if it did."""

DESIGN = Design(
    n_people=600,
    n_sites=4,
    plates_per_site=3,
    n_markers=48,
    block_size=4,
    clinical={
        "CRP": {"bmi": 0.5, "smoker": 0.15, "female": 0.1},
        "IL6": {"bmi": 0.2, "age": 0.2},
        "TNFRSF1B": {"age": 0.2},
        "CXCL10": {"age": 0.15},
    },
    prognostic={"age": 0.3, "bmi": 0.35, **PLANTED},
    predictive={},
    arms=False,
    arm_effect=0.0,
    # Sites that differed more would be the lesson of another demonstration: calibration is lost.
    event_rate=(0.34, 0.36, 0.38, 0.40),
    site_shift_sd=0.10,
    plate_shift_sd=0.15,
    below_limit={
        "IL6": 0.10, "IL10": 0.20, "IL1B": 0.50, "IFNG": 0.40, "IL17A": 0.70, "CCL3": 0.30,
        "marker_003": 0.25, "marker_010": 0.50, "marker_018": 0.15,
    },
    missing_rate=0.04,
)  # fmt: skip
"""What was put in."""


def load() -> Cohort:
    """Return the study: one row per person, no arms."""
    return replace(draw().cohort, name="simulated_signature")


def draw() -> Simulated:
    """Return the study with its truth, which lies on the same rows."""
    return simulate.simulate(DESIGN, seed=SEED)
