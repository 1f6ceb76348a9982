"""Replicate wells: which of them count, and what they say together."""

from __future__ import annotations

import numpy as np
import pandas as pd

from signature.assay.rules import Rules

NO_SIGNAL = "no signal"
FAILED = "well failed, says the study"


def why_unused(wells: pd.DataFrame, rules: Rules) -> pd.Series:
    """Return, for each well and marker, why it is not used; an empty string where it is.

    Parameters
    ----------
    wells : DataFrame
        Columns ``plate``, ``well``, ``signal``, ``beads``. A well whose beads were not counted is
        not judged by them.
    rules : Rules

    Returns
    -------
    Series of str
        Index of `wells`.
    """
    reason = pd.Series("", index=wells.index, dtype="str")
    if rules.fewest_beads:
        reason = reason.mask(wells["beads"] < rules.fewest_beads, too_few_beads(rules))
    reason = reason.mask(~np.isfinite(wells["signal"].astype("float64")), NO_SIGNAL)
    if rules.failed_wells:
        place = pd.MultiIndex.from_frame(wells[["plate", "well"]].astype(str))
        reason = reason.mask(place.isin(list(rules.failed_wells)), FAILED)
    return reason


def too_few_beads(rules: Rules) -> str:
    """Return the reason for wells that the bead rule excludes."""
    return f"fewer than {rules.fewest_beads} beads"


def merge_replicates(wells: pd.DataFrame, limits: pd.DataFrame, rules: Rules) -> pd.DataFrame:
    """Merge the wells of one sample on one plate, marker by marker.

    The signal is the arithmetic mean of the usable wells, as laboratories and readers report it;
    within the largest allowed CV of duplicates (25 %) it exceeds the geometric mean by at most
    1.6 %. A mean under the plate's limit is a value below it. Replicates that all lie under the
    limit agree, whatever their CV: that rule is for numbers.

    Parameters
    ----------
    wells : DataFrame
        Columns ``plate``, ``sample``, ``kind``, ``marker``, ``signal`` and ``unused``, the latter
        from `why_unused`.
    limits : DataFrame
        As from `signature.assay.blanks.blank_limits`.
    rules : Rules

    Returns
    -------
    DataFrame
        One row per plate, sample, kind and marker, in order of appearance: ``wells``, ``used``,
        ``signal``, ``cv`` (in %, missing for one well), ``blank``, ``limit``, ``below`` (bool), and
        ``reason``, which says why the measurement is set aside, or is empty.
    """
    keys = ["plate", "sample", "kind", "marker"]
    fine = wells["unused"] == ""
    groups = wells.assign(signal=wells["signal"].where(fine)).groupby(
        keys, sort=False, observed=True
    )
    table = groups.agg(
        wells=("signal", "size"),
        used=("signal", "count"),
        signal=("signal", "mean"),
        sd=("signal", "std"),
        highest=("signal", "max"),
        unused=("unused", "max"),
    ).reset_index()
    table = table.merge(
        limits[["plate", "marker", "blanks", "blank", "limit"]], on=["plate", "marker"], how="left"
    )
    cv = 100 * table["sd"] / table["signal"].where(table["signal"] > 0)
    below = (table["signal"] < table["limit"]).astype(bool)
    agree = (table["highest"] < table["limit"]).astype(bool)

    reason = pd.Series("", index=table.index, dtype="str")
    reason = reason.mask((cv > rules.largest_cv) & ~agree, f"CV above {rules.largest_cv:g} %")
    reason = reason.mask((table["signal"] <= 0) & ~below, "signal not above zero")
    reason = reason.mask(
        table["used"] < rules.fewest_replicates,
        f"fewer than {rules.fewest_replicates} usable wells",
    )
    reason = reason.mask(table["used"] == 0, table["unused"])
    return table.assign(cv=cv, below=below & (reason == ""), reason=reason).drop(
        columns=["sd", "highest", "unused"]
    )
