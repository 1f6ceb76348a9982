"""From one row per sample and marker to one row per sample: numbers, limits, plates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from signature.assay.measurements import Measurements
from signature.assay.reading import LIMITS, Repeats
from signature.assay.unit_names import is_log2
from signature.exceptions import AssayError

DIFFERENT, DIFFERENT_LOG2 = 1.1, 0.15
"""Ratio and difference of logarithms from which two measurements of one sample differ."""


@dataclass(frozen=True, eq=False, repr=False)
class Wide:
    """Measurements, one row per sample and one column per marker.

    Parameters
    ----------
    samples, markers : Index of str
        In the order of the files.
    value, below : ndarray of float, shape (n_samples, n_markers)
        The number, and the limit that it is below; at most one of them is there.
    plate : Series of str, shape (n_samples,)
        Plate, several joined by " + ", missing where there is none.
    units : dict of str to str
        Unit by marker, empty where no file states one.
    limits : DataFrame
        As in `signature.assay.reading.Reading`.
    repeats : Repeats
    measurements : int
        Of all samples, before anything was left out.
    others : Series of int
        Measurements of each sample that is not wanted, by its name.
    above, dropped, flagged : int
        Measurements that were set to their upper limit, that a rule for repeats left out, and that
        carry a flag of the laboratory.
    """

    samples: pd.Index
    markers: pd.Index
    value: np.ndarray
    below: np.ndarray
    plate: pd.Series
    units: dict[str, str]
    limits: pd.DataFrame
    repeats: Repeats
    measurements: int
    others: pd.Series
    above: int
    dropped: int
    flagged: int


@dataclass(eq=False, repr=False)
class _Long:
    """All files on top of each other, names as numbers: a million rows stay quick."""

    sample: np.ndarray
    marker: np.ndarray
    plate: np.ndarray
    value: np.ndarray
    below: np.ndarray
    above: np.ndarray
    limit: np.ndarray
    flagged: np.ndarray
    samples: pd.Index
    markers: pd.Index
    plates: pd.Index
    logarithmic: np.ndarray
    """By marker."""


def pivot(
    parts: Sequence[Measurements], *, only: pd.Index | None = None, repeats: str = "refuse"
) -> Wide:
    """Put the measurements of all files of a study side by side.

    A measurement above its upper limit is set to that limit and counted: nothing further down
    carries upper limits.

    Parameters
    ----------
    parts : sequence of Measurements
        One per file; two files may hold the same markers in the same unit.
    only : Index of str, optional
        Samples that are wanted; controls and bridges are not. All when left out.
    repeats : str
        What happens to a sample that was measured for one marker more than once: ``"refuse"``,
        ``"first"`` in the order of the files, or ``"mean_of_logs"``: the geometric mean (the plain
        one of logarithms) of the numbers, where there is a number, else the largest limit.

    Raises
    ------
    AssayError
        When there is nothing, a marker has two units, a sample is measured twice and `repeats` is
        ``"refuse"``, or a mean of logarithms meets numbers that are not positive.
    """
    units = _units(parts)
    every = _long(parts, units)
    long, others = _wanted(every, only)
    if not len(long.sample):
        raise AssayError(
            f"no measurement is left: the files hold {len(every.sample):,} measurements, none of "
            "them of a sample that the people table names; compare the sample names of both"
        )
    n = len(long.markers)
    value = np.where(np.isnan(long.above), long.value, long.above)
    place = long.sample * n + long.marker
    count = np.bincount(place, minlength=len(long.samples) * n)
    again = count[place] > 1
    found = _repeats(long, value, place, again, repeats)
    used = np.ones(len(place), dtype=bool)
    cells = np.full((2, len(long.samples) * n), np.nan)
    if again.any() and repeats == "mean_of_logs":
        cells[:, place[~again]] = np.stack([value, long.below])[:, ~again]
        at, mean, largest = _means(long, value, place, again)
        cells[0, at], cells[1, at] = mean, np.where(np.isnan(mean), largest, np.nan)
    else:
        used[again] = ~pd.Series(place[again]).duplicated().to_numpy()
        cells[:, place[used]] = np.stack([value, long.below])[:, used]
    shape = (len(long.samples), n)
    return Wide(
        samples=long.samples,
        markers=long.markers,
        value=cells[0].reshape(shape),
        below=cells[1].reshape(shape),
        plate=_plates(long, used),
        units=units,
        limits=_limits(every),
        repeats=found,
        measurements=len(every.sample),
        others=others,
        above=int((~np.isnan(long.above) & used).sum()),
        dropped=int(count[count > 1].sum() - (count > 1).sum()),
        flagged=int(long.flagged.sum()),
    )


def _units(parts: Sequence[Measurements]) -> dict[str, str]:
    """Return each marker's unit; two files must agree as the rows of one file must."""
    units: dict[str, str] = {}
    for part in parts:
        table = part.table[["marker", "unit"]].drop_duplicates()
        for marker, unit in zip(table["marker"], table["unit"], strict=True):
            told = "" if pd.isna(unit) else str(unit)
            known = units.setdefault(str(marker), told)
            if told and known and told != known:
                raise AssayError(
                    f"{part.source}: {marker!r} is in {told!r} here and in {known!r} in a file "
                    "before it; convert one of them, or give one a name of its own"
                )
            units[str(marker)] = known or told
    return units


def _long(parts: Sequence[Measurements], units: dict[str, str]) -> _Long:
    def stacked(column: str) -> tuple[np.ndarray, pd.Index]:
        """Return numbers for the names of all files, by appearance, missing as -1."""
        coded = [pd.factorize(part.table[column]) for part in parts]
        names = pd.Index([n for _, own in coded for n in own], dtype="object").unique()
        codes = [np.r_[names.get_indexer(pd.Index(own)), -1][code] for code, own in coded]
        return np.concatenate(codes), names

    def numbers(column: str) -> np.ndarray:
        return np.concatenate([part.table[column].to_numpy("float64") for part in parts])

    (sample, samples), (marker, markers) = stacked("sample"), stacked("marker")
    plate, plates = stacked("plate")
    return _Long(
        sample=sample,
        marker=marker,
        plate=plate,
        value=numbers("value"),
        below=numbers("below"),
        above=numbers("above"),
        limit=numbers("limit"),
        flagged=np.concatenate([part.table["flag"].notna().to_numpy() for part in parts]),
        samples=samples,
        markers=markers,
        plates=plates,
        logarithmic=np.array([is_log2(units[m]) for m in markers], dtype=bool),
    )


def _wanted(long: _Long, only: pd.Index | None) -> tuple[_Long, pd.Series]:
    """Keep the samples that are wanted, and count the measurements of the others."""
    rows = np.bincount(long.sample, minlength=len(long.samples))
    wanted = np.ones(len(rows), bool) if only is None else long.samples.isin(only)
    others = pd.Series(rows[~wanted], index=long.samples[~wanted], dtype="int64")
    if wanted.all():
        return long, others
    keep = wanted[long.sample]
    kept = replace(
        long,
        sample=(np.cumsum(wanted) - 1)[long.sample[keep]],
        samples=long.samples[wanted],
        **{
            name: getattr(long, name)[keep]
            for name in ("marker", "plate", "value", "below", "above", "limit", "flagged")
        },
    )
    return kept, others


def _repeats(
    long: _Long, value: np.ndarray, place: np.ndarray, again: np.ndarray, rule: str
) -> Repeats:
    if not again.any():
        return Repeats(rule=rule)
    samples = len(np.unique(long.sample[again]))
    logarithmic = long.logarithmic[long.marker[again]]
    with np.errstate(invalid="ignore", divide="ignore"):
        level = np.where(
            logarithmic, value[again] / DIFFERENT_LOG2, np.log(value[again]) / np.log(DIFFERENT)
        )
    cells = pd.DataFrame({"place": place[again], "level": level, "value": value[again]})
    cells["below"] = ~np.isnan(long.below[again])
    by = cells.groupby("place")
    spread = by["level"].max() - by["level"].min()
    odd = (spread > 1) | (by["value"].max().notna() & by["below"].any())
    rows = by["value"].size()
    found = Repeats(samples, int(again.sum()), int(rows[odd].sum()), rule)
    if rule == "refuse":
        raise AssayError(
            f"{samples} of {len(long.samples)} samples were measured more than once for the same "
            f"marker ({found.measurements:,} measurements, of which {found.differing:,} differ by "
            "more than a tenth). Say what to use with repeats = 'first' or 'mean_of_logs' in the "
            "study dictionary, or name the samples as bridges or controls in the layout"
        )
    return found


def _means(
    long: _Long, value: np.ndarray, place: np.ndarray, again: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the places that have repeats, the mean of their numbers, their largest limit."""
    logarithmic = long.logarithmic[long.marker[again]]
    odd = int((~logarithmic & (value[again] <= 0)).sum())
    if odd:
        raise AssayError(
            f"repeats = 'mean_of_logs' meets {odd} repeated measurements that are not positive; "
            "use 'first', or give them as below the limit"
        )
    level = np.where(logarithmic, value[again], np.log(np.where(logarithmic, 1.0, value[again])))
    cells = pd.DataFrame({"place": place[again], "level": level, "below": long.below[again]})
    by = cells.groupby("place").agg({"level": "mean", "below": "max"})
    at = by.index.to_numpy()
    mean = by["level"].to_numpy()
    own = long.logarithmic[at % len(long.markers)]
    return at, np.where(own, mean, np.exp(np.where(own, 0.0, mean))), by["below"].to_numpy()


def _plates(long: _Long, used: np.ndarray) -> pd.Series:
    rows = pd.DataFrame({"sample": long.sample[used], "plate": long.plate[used]})
    rows = rows[rows["plate"] >= 0].drop_duplicates()
    names = [str(name) for name in long.plates]
    found: dict[int, list[str]] = {}
    for sample, plate in rows.itertuples(index=False):
        found.setdefault(sample, []).append(names[plate])
    joined = {sample: " + ".join(sorted(own)) for sample, own in found.items()}
    return pd.Series(range(len(long.samples))).map(joined).astype("object").rename("plate")


def _limits(long: _Long) -> pd.DataFrame:
    """Return each marker's lower limit on each plate, as stated or as applied."""
    limit = np.where(np.isnan(long.limit), long.below, long.limit)
    n = len(long.plates) + 1
    # rows without a plate are a plate of their own, the last
    place = long.marker * n + np.where(long.plate < 0, n - 1, long.plate)
    told = ~np.isnan(limit)
    by = pd.Series(limit[told]).groupby(place[told]).agg(["max", "min", "nunique"])
    flat = np.full(len(long.markers) * n, -np.inf)
    np.fmax.at(flat, place, long.value)
    highest = flat.reshape(-1, n)
    marker, plate = np.divmod(by.index.to_numpy(dtype="int64"), n)
    others = np.array(
        [np.delete(highest[m], p).max(initial=-np.inf) for m, p in zip(marker, plate, strict=True)]
    )
    own = highest[marker, plate]
    names = np.array([*long.plates, ""], dtype="object")
    limit_ = by["max"].to_numpy()
    return pd.DataFrame(
        {
            "marker": long.markers.to_numpy()[marker],
            "plate": names[plate],
            "limit": limit_,
            "limits": np.where(np.isclose(by["max"], by["min"]), 1, by["nunique"]),
            # a marker that nobody found anywhere says nothing about its limit
            "above_all": (limit_ > others) & (limit_ > own) & np.isfinite(others),
        },
        columns=list(LIMITS),
    )
