"""Samples that are there twice."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from signature.check.report import Finding, Severity, several
from signature.check.view import View
from signature.study.schema import BELOW

DIGITS = 4
"""Significant digits to which two values must agree."""

BY_CHANCE = 0.01
"""Pairs that may agree by chance; with few or coarse markers more would, and nothing is said."""


def findings(view: View) -> Iterator[Finding]:
    """Look for rows with the same values of all markers, and for repeated measurements."""
    yield from _same_values(view)
    repeats = view.reading.repeats
    if repeats.differing:
        yield Finding(
            severity=Severity.WARNING,
            code="repeats_differ",
            sentence=(
                f"{several(repeats.samples, 'sample')} were measured on more than one plate, and "
                f"{repeats.differing:,} of {several(repeats.measurements, 'measurement')} differ "
                "by more than a tenth"
            ),
            action=(
                f"The rule {repeats.rule!r} chose what is used. If the samples are bridges, name "
                "them in the layout and use them to shift the plates."
            ),
            counts={
                "samples": repeats.samples,
                "measurements": repeats.measurements,
                "differing": repeats.differing,
            },
        )


def _same_values(view: View) -> Iterator[Finding]:
    names = list(view.markers)
    limits = [n + BELOW for n in names if n + BELOW in view.cohort.schema]
    if not names or not len(view.cohort):
        return
    values = view.cohort.X[names].to_numpy()
    filled = np.flatnonzero((~np.isnan(values)).any(axis=1))
    rounded = np.column_stack(
        [rounded_to(values, DIGITS), rounded_to(view.cohort.X[limits].to_numpy(), DIGITS)]
    )[filled]
    if _expected_pairs(rounded) > BY_CHANCE:
        return
    _, code = np.unique(_keys(rounded), return_inverse=True)
    person = view.cohort.person.to_numpy()[filled]
    groups = pd.DataFrame({"code": code, "person": person}).groupby("code")["person"]
    size, people = groups.size(), groups.nunique()
    across = int(size[people > 1].sum())
    within = int(size[(people == 1) & (size > 1)].sum())
    if across:
        yield Finding(
            severity=Severity.ERROR,
            code="duplicates",
            sentence=(
                f"{several(across, 'row')} of different people have the same values of all markers "
                f"as another row (to {DIGITS} digits)"
            ),
            action=(
                "The same sample under two people, or one person under two names: settle it, else "
                "the same blood is in training and in test."
            ),
            counts={"rows": across},
        )
    if within:
        yield Finding(
            severity=Severity.WARNING,
            code="copied_visits",
            sentence=(
                f"{several(within, 'row')} of one person have the same values of all markers at "
                f"different visits (to {DIGITS} digits)"
            ),
            action="Blood changes between visits; look for a sample that was copied.",
            counts={"rows": within},
        )


def rounded_to(values: np.ndarray, digits: int) -> np.ndarray:
    """Round to significant digits; missing becomes a number that nothing else is.

    Examples
    --------
    >>> rounded_to(np.array([123456.0, 0.00123456, 0.0]), 4).tolist()
    [123500.0, 0.001235, 0.0]
    """
    size = np.abs(values)
    safe = np.where((size > 0) & np.isfinite(size), size, 1.0)
    # divide where the scale is small: 10**-k is no exact number, 10**k is
    power = digits - 1 - np.floor(np.log10(safe))
    up, down = 10.0 ** np.clip(power, 0, None), 10.0 ** np.clip(-power, 0, None)
    rounded = np.round(values * up / down) / up * down
    return np.where(np.isnan(values), -np.finfo(float).max, rounded) + 0.0


def _expected_pairs(rounded: np.ndarray) -> float:
    """Pairs of rows that would agree by chance if half of the columns were independent.

    Markers go together, so that not each of them is evidence of its own.
    """
    agree = 0.0
    for column in rounded.T:
        counts = np.unique(column, return_counts=True)[1]
        agree += 0.5 * np.log(((counts / len(column)) ** 2).sum())
    return float(len(rounded) * (len(rounded) - 1) / 2 * np.exp(agree))


def _keys(rounded: np.ndarray) -> np.ndarray:
    rows = np.ascontiguousarray(rounded)
    return rows.view(np.dtype((np.void, rows.dtype.itemsize * rows.shape[1]))).ravel()
