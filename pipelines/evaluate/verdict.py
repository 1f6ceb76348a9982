"""What a result may be called: the answer in words, and the experiment's gate."""

from __future__ import annotations

from pipelines.question.experiment import Experiment
from signature.records.claim import Claim
from signature.records.results import PROCEDURE, REFERENCE, Block, Estimate, GateCheck, Verdict


def reach_verdict(
    headline: Estimate, reference: Estimate, difference: Estimate, reference_label: str
) -> Verdict:
    """Answer "does the panel add anything to the reference?".

    The panel adds when the whole 95 % interval of the AUROC difference lies above 0.

    Parameters
    ----------
    headline, reference, difference : Estimate
        AUROC of the procedure, of the reference, and the first minus the second.
    reference_label : str
        How a report prints the reference.
    """
    against = f"{reference_label.lower()} ({_plain(reference)})"
    measured = f"AUROC {_plain(headline)} against {against}"
    change = f"difference {_interval(difference)}"
    if difference.low is not None and difference.low > 0:
        adds, words = "yes", "Yes: the panel adds to the clinical features"
    elif difference.high is not None and difference.high < 0:
        adds, words = "worse", "No: with the panel the model is worse than without it"
    else:
        adds, words = "no", "No: the panel does not demonstrably add to the clinical features"
    return Verdict(
        adds=adds,
        sentence=f"{words}. {measured}; {change}.",
        auroc=headline,
        difference=difference,
    )


def check_gate(
    block: Block, experiment: Experiment, verdict: Verdict, claim: Claim
) -> list[GateCheck]:
    """Compare the headline with what the experiment demands of a champion."""
    gate = experiment.gate
    auroc = verdict.auroc
    checks = [
        GateCheck(
            rule=f"the claim is at least {gate.claim!r}",
            measured=claim.rung,
            passed=claim.at_least(gate.claim),
        ),
        GateCheck(
            rule=f"lower bound of the AUROC is at least {gate.auroc_at_least:.2f}",
            measured=_interval(auroc, signed=False),
            passed=auroc.low is not None and auroc.low >= gate.auroc_at_least,
        ),
    ]
    if gate.adds_to_reference:
        label = block.candidate(REFERENCE).label.lower()
        checks.append(
            GateCheck(
                rule=f"the interval of the AUROC difference to {label} lies above 0",
                measured=_interval(verdict.difference),
                passed=verdict.adds == "yes",
            )
        )
    if gate.calibration_slope is not None:
        low, high = gate.calibration_slope
        slope = block.candidate(PROCEDURE).metrics["calibration_slope"]
        checks.append(
            GateCheck(
                rule=f"the calibration slope lies between {low:g} and {high:g}",
                measured=_interval(slope, signed=False),
                passed=slope.value is not None and low <= slope.value <= high,
            )
        )
    return checks


def _plain(estimate: Estimate) -> str:
    return "undefined" if estimate.value is None else f"{estimate.value:.3f}"


def _interval(estimate: Estimate, *, signed: bool = True) -> str:
    if estimate.value is None:
        return "undefined"
    form = "+.3f" if signed else ".3f"

    def text(number: float) -> str:
        # adding 0.0 turns a negative zero into a plain one
        return format(round(number, 3) + 0.0, form).replace("-", "−")

    if estimate.low is None or estimate.high is None:
        return f"{text(estimate.value)} (no interval)"
    return f"{text(estimate.value)}, 95 % interval {text(estimate.low)} to {text(estimate.high)}"
