"""What is good and in which unit: how the sections of a trial's report turn numbers into words."""

from __future__ import annotations

from typing import Any

from signature.effect.interaction.arm_by_score import ArmByScore
from signature.effect.trial_record import TrialRecord
from signature.records.estimates import EffectEstimate


def sign(record: TrialRecord) -> int:
    """Return 1 where a higher outcome is better, else −1: what turns differences into benefit."""
    return 1 if record.endpoint["higher_is_better"] else -1


def flipped(
    value: float | None, low: float | None, high: float | None, record: TrialRecord
) -> dict[str, float | None]:
    """Turn a difference of the outcome with its interval into benefit, positive where good."""
    if sign(record) > 0 or value is None:
        return {"value": value, "low": low, "high": high}
    return {
        "value": -value,
        "low": None if high is None else -high,
        "high": None if low is None else -low,
    }


def benefit_of(test: ArmByScore, record: TrialRecord) -> dict[str, Any]:
    """Return an interaction as additional benefit per standard deviation of the score.

    Parameters
    ----------
    test : ArmByScore
    record : TrialRecord

    Returns
    -------
    dict
        `value`, `low`, `high`: positive where people with a higher score gain more; `p` with its
        Monte Carlo interval, `how` and the people of both arms.
    """
    return flipped(test.estimate, test.low, test.high, record) | {
        "p": test.p,
        "p_low": test.p_low,
        "p_high": test.p_high,
        "how": test.how,
        "people": sum(test.people.values()),
    }


def unit_of_difference(record: TrialRecord, scale: str = "outcome") -> str:
    """Name the unit of a difference between arms.

    Parameters
    ----------
    record : TrialRecord
    scale : {"outcome", "log odds"}
        Of the test.
    """
    if scale == "log odds":
        return "log-odds"
    if record.endpoint["kind"] == "continuous":
        return str(record.endpoint["unit"] or "units")
    return "difference in risk"


def decimals(record: TrialRecord, scale: str = "outcome") -> int:
    """Say with how many decimals a difference between arms is printed; `scale` as of its unit."""
    return 2 if scale == "log odds" or record.endpoint["kind"] == "continuous" else 3


def shown(found: EffectEstimate | None) -> dict[str, float | None]:
    """Return an estimate for a template; undefined where there is none."""
    return (EffectEstimate(value=None) if found is None else found).model_dump()


def good(record: TrialRecord) -> str:
    """Say which outcome is good."""
    kind, better = record.endpoint["kind"], record.endpoint["higher_is_better"]
    if kind == "continuous":
        return f"{'higher' if better else 'lower'} is better"
    return "the event is what one hopes for" if better else "the event is what one wants to avoid"


def label(name: str, record: TrialRecord) -> str:
    """Print a feature as the report does elsewhere."""
    return record.labels.get(name, name.replace("_", " "))
