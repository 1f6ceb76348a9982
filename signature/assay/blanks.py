"""Blank wells: the lower limit of each marker on each plate."""

from __future__ import annotations

import numpy as np
import pandas as pd

PRIOR_WELLS = 4
"""How many spare blank wells the typical marker's spread counts for."""

FEWEST_TO_BORROW = 3
"""Markers with a spare blank well that it takes to know a typical spread."""

LIKE_A_BLANK = 0.5
"""Median distance from the plate's blanks, in log2 units, below which a well reads like one."""

FEWEST_MARKERS = 8
"""Markers that are needed to tell whether a well reads like a blank."""

# median of a chi-square with d degrees of freedom over d, Wilson and Hilferty 1931
_MEDIAN_OVER_MEAN = 2 / 9


def blank_limits(blanks: pd.DataFrame, sds: float = 3.0) -> pd.DataFrame:
    r"""Return the lower limit per plate and marker: mean blank plus a few standard deviations.

    Two blank wells on a plate say little about their spread: by chance they may agree exactly. So
    the spread is taken on the log2 scale, where it is about the same at every level, is pooled over
    the plates of a marker, and is drawn towards the spread of the typical marker:

    .. math:: s^2 = \frac{d\,s_m^2 + d_0\,s_0^2}{d + d_0}

    with :math:`d` the spare wells (wells minus plates) of the marker, :math:`s_0^2` the median over
    markers and :math:`d_0` `PRIOR_WELLS` (the idea is Smyth's, 2004; the weight is fixed because
    instruments round, and exact ties spoil its estimation). With many blanks the marker's own
    spread decides; with fewer than `FEWEST_TO_BORROW` markers there is nothing to draw towards. The
    mean is the plate's own.

    A marker with a blank that is zero or negative (background was subtracted) has no log: its limit
    is mean plus SD on the plain scale, the SD pooled over its plates and nothing else.

    Parameters
    ----------
    blanks : DataFrame
        Usable blank wells: columns ``plate``, ``marker``, ``signal``.
    sds : float
        How many standard deviations.

    Returns
    -------
    DataFrame
        Columns ``plate``, ``marker``, ``blanks`` (wells), ``blank`` (their mean, in units of the
        signal, geometric where there are logs), ``limit`` (missing where no marker has a spare
        well). Sorted by plate and marker.

    Examples
    --------
    >>> wells = pd.DataFrame({"plate": "1", "marker": "IL6", "signal": [20.0, 22.0]})
    >>> blank_limits(wells).round(1)
      plate marker  blanks  blank  limit
    0     1    IL6       2   21.0   25.7
    """
    columns = ["plate", "marker", "blanks", "blank", "limit"]
    if blanks.empty:
        return pd.DataFrame({c: pd.Series(dtype="float64") for c in columns}).astype(
            {"plate": "str", "marker": "str"}
        )
    lowest = blanks.groupby("marker")["signal"].transform("min")
    logarithmic = lowest > 0
    parts = []
    if logarithmic.any():
        logs = blanks[logarithmic].assign(signal=lambda t: np.log2(t["signal"]))
        part = _limits(logs, sds, borrow=True)
        parts.append(part.assign(blank=2 ** part["blank"], limit=2 ** part["limit"]))
    if not logarithmic.all():
        parts.append(_limits(blanks[~logarithmic], sds, borrow=False))
    return pd.concat(parts)[columns].sort_values(["plate", "marker"], ignore_index=True)


def _limits(blanks: pd.DataFrame, sds: float, *, borrow: bool) -> pd.DataFrame:
    groups = blanks.groupby(["plate", "marker"], observed=True)["signal"]
    table = groups.agg(blanks="count", blank="mean").reset_index()
    off = blanks["signal"] - groups.transform("mean")
    squares = (off**2).groupby(blanks["marker"]).sum()
    wells = blanks.groupby("marker")["signal"].count()
    spare = wells - blanks.groupby("marker")["plate"].nunique()
    known = spare > 0
    variance = (squares / spare.where(known)).astype("float64")
    if borrow and known.sum() >= FEWEST_TO_BORROW:
        # the median of a variance lies below its mean when few wells back it
        middle = (1 - _MEDIAN_OVER_MEAN / spare[known]) ** 3
        typical = float((variance[known] / middle).median())
        own = (variance * spare).fillna(0.0)
        variance = (own + PRIOR_WELLS * typical) / (spare + PRIOR_WELLS)
    spread = variance**0.5
    return table.assign(limit=table["blank"] + sds * table["marker"].map(spread))


def reads_like_a_blank(wells: pd.DataFrame, limits: pd.DataFrame) -> pd.Series:
    """Tell which wells show nothing but the assay's own background.

    Serum without a marker still differs from buffer: its proteins lower or raise the background.
    A well whose every marker stands where the plate's blanks stand was most likely never filled.

    Parameters
    ----------
    wells : DataFrame
        Usable wells: columns ``plate``, ``well``, ``marker``, ``signal``.
    limits : DataFrame
        As from `blank_limits`.

    Returns
    -------
    Series of bool
        By plate and well. Wells with fewer than `FEWEST_MARKERS` comparable markers are false.
    """
    joined = wells.merge(limits[["plate", "marker", "blank"]], on=["plate", "marker"], how="left")
    fine = (joined["signal"] > 0) & (joined["blank"] > 0)
    joined = joined.assign(distance=np.nan)
    joined.loc[fine, "distance"] = np.abs(
        np.log2(joined.loc[fine, "signal"] / joined.loc[fine, "blank"])
    )
    distance = joined.groupby(["plate", "well"], observed=True)["distance"].agg(["median", "count"])
    return (distance["median"] < LIKE_A_BLANK) & (distance["count"] >= FEWEST_MARKERS)
