"""Gums that go on bleeding: less than half of the bleeding gone at visit 5."""

from __future__ import annotations

import pandas as pd

from signature.outcomes import Outcome

OUTCOME = Outcome(
    label="non-response of gum bleeding",
    event="kept more than half of the bleeding sites of visit 1 at visit 5",
    no_event="lost at least half of the bleeding sites of visit 1 by visit 5",
    definition=(
        "The share of sites that bleed on probing at visit 5 (29 to 32 weeks) is more than half of "
        "the share at visit 1. Unknown without an examination at visit 5. The threshold is ours, "
        "not the trial's."
    ),
)


def derive(records: pd.DataFrame) -> pd.Series:
    """Return 1 where bleeding on probing was not reduced by at least half."""
    before = records["baseline_bleeding_on_probing"]
    after = records["visit5_bleeding_on_probing"]
    kept = (after > before / 2).astype("float64")
    return kept.where(before.notna() & after.notna())
