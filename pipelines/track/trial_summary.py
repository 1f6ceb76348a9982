"""What MLflow gets of a trial experiment: settings, findings, files; nothing of a person."""

from __future__ import annotations

from typing import Any

from signature.effect.trial_record import TrialRecord

FILES = ("trial.json", "report.html", "figures")
"""What is copied from the results folder; held-out predictions stay on this machine."""


def trial_params(record: TrialRecord) -> dict[str, Any]:
    """Return the settings that one would filter runs by."""
    trial, fitted = record.experiment["trial"], record.experiment["crossfitting"]
    return {
        "dataset": trial["dataset"],
        "endpoint": trial["endpoint"],
        "control": trial["control"],
        "treated": trial["treated"],
        "missing": trial["missing"],
        "test": "not tested" if record.decided is None else record.decided.test,
        "headline": record.experiment["candidates"]["headline"],
        "folds": fitted["folds"],
        "repeats": fitted["repeats"],
        "rearrangements": fitted["rearrangements"],
        "seed": record.experiment["seed"],
    }


def trial_tags(record: TrialRecord) -> dict[str, str]:
    """Return the words that the result has earned, and what it was made with."""
    return {
        "predictive": _yes_no(record.claim.predictive),
        "prognostic": _yes_no(record.claim.prognostic),
        "small_trial": _yes_no(record.size.small),
        "claim": record.claim.sentence,
        "fingerprint": record.fingerprint,
        "code_version": record.code_version,
    }


def trial_metrics(record: TrialRecord) -> dict[str, float]:
    """Return the numbers; what was not measured is left out."""
    found: dict[str, float | None] = {"people": float(sum(record.size.people.values()))}
    for effect in record.average:
        if effect.arm == record.treated:
            best = effect.adjusted or effect.unadjusted
            found |= {"benefit": best.value, "benefit_low": best.low, "benefit_high": best.high}
    if record.decided is not None:
        found["deciding_p"] = record.decided.p
        if record.decided.score is not None:
            found["score_interaction"] = record.decided.score.estimate
    if record.prognosis is not None:
        found |= {
            "explained_by_baseline": record.prognosis.baseline.value,
            "explained_with_panel": record.prognosis.panel.value,
        }
    for result in record.candidates:
        if result.targeting is not None:
            found[f"autoc.{result.candidate}"] = result.targeting.autoc.value
            found[f"qini.{result.candidate}"] = result.targeting.qini.value
    return {name: value for name, value in found.items() if value is not None}


def _yes_no(value: bool | None) -> str:
    return "not tested" if value is None else "yes" if value else "no"
