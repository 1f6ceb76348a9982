"""What is wrong or doubtful in a study, before anybody learns from it.

Nothing here changes the study, and nothing here needs an outcome; with one, `check_study` also
asks whether plates and missing values give it away.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from signature.assay.reading import Reading
from signature.check import batches, detection, duplicates, floors, missing, ranges, wells
from signature.check.report import CheckReport, Finding, Line, Severity, Table
from signature.check.view import view
from signature.study.cohort import Cohort

if TYPE_CHECKING:
    from signature.assay.plate_quality import PlateQuality

_CHECKS = (ranges, floors, detection, missing, duplicates, batches)
_ORDER = list(Severity)


def check_study(
    cohort: Cohort,
    quality: PlateQuality | None = None,
    *,
    site: str | None = None,
    outcome: pd.Series | None = None,
    batch: str | None = None,
    reading: Reading | None = None,
    title: str = "",
) -> CheckReport:
    """Check a study and say what to do about each finding.

    Parameters
    ----------
    cohort : Cohort
        Rows as they would be analysed.
    quality : PlateQuality, optional
        What merging the wells of plates found.
    site, batch : str, optional
        Recorded columns that stand for site and plate; the cohort's own when left out.
    outcome : Series of float, shape (n_rows,), optional
        1, 0 or missing; the cohort's own when left out.
    reading : Reading, optional
        The account of the reading, from `signature.assay.study.read_study`.
    title : str
        Of the study, where its name says too little.

    Returns
    -------
    CheckReport
        Findings sorted by severity. No sentence holds a person's value or name.

    Raises
    ------
    CohortError
        When a column is not recorded or the outcome does not fit the rows.

    Notes
    -----
    Tests count people, not rows. Tests over many markers divide their level by the number of
    markers (Bonferroni), and a difference must also be large enough to matter, so that a large
    study is not accused of trifles.

    Examples
    --------
    >>> from signature.study.schema import Column, FeatureSchema, Role
    >>> il6 = Column("IL6", Role.MARKER, "cytokine", unit="pg/mL", low=0.05, high=5000.0)
    >>> values = pd.DataFrame({"IL6": [20_000.0, 31_000.0, 8_000.0, 12_000.0]})
    >>> people = pd.Series(list("abcd"))
    >>> cohort = Cohort("demo", "", FeatureSchema((il6,)), values, pd.DataFrame(index=range(4)),
    ...                 people)
    >>> report = check_study(cohort)
    >>> print(report.findings[0].severity, report.findings[0].code)
    error range_median
    """
    seen = view(cohort, site=site, batch=batch, outcome=outcome, reading=reading)
    # odd numbers may overflow or divide by zero here; they are findings, not reasons to stop
    with np.errstate(all="ignore"):
        findings = [finding for check in _CHECKS for finding in check.findings(seen)]
    findings += wells.findings(quality)
    findings.append(_looked_at(seen.site, seen.batch, seen.outcome))
    tables = [
        ranges.table(seen),
        detection.table(seen),
        missing.table(seen),
        batches.table(seen),
        *wells.tables(quality),
    ]
    return CheckReport(
        study=cohort.name,
        title=title,
        citation=cohort.citation,
        rows=len(cohort),
        people=cohort.n_people,
        columns=len(cohort.schema.features),
        markers=len(seen.markers),
        site=None if seen.site is None else site or "site",
        batch=None if seen.batch is None else batch or "plate",
        outcome=None if seen.outcome is None else str(seen.outcome.name or "outcome"),
        read=_read(cohort, seen.reading),
        findings=tuple(
            sorted((f for f in findings if f is not None), key=lambda f: _ORDER.index(f.severity))
        ),
        tables=tuple(t for t in tables if t is not None),
    )


def _read(cohort: Cohort, reading: Reading) -> tuple[Line, ...]:
    lines = [Line(where=n.where, what=n.what, rows=n.rows) for n in reading.notes]
    lines += [
        Line(where=cohort.name, what=f"rows left out (kept: {s.reason})", rows=s.removed)
        for s in cohort.flow
        if s.removed
    ]
    lines.append(Line(where=cohort.name, what="rows checked", rows=len(cohort)))
    return tuple(lines)


def _looked_at(
    site: pd.Series | None, batch: pd.Series | None, outcome: pd.Series | None
) -> Finding | None:
    absent = [
        word
        for word, part in (("site", site), ("plate", batch), ("outcome", outcome))
        if part is None
    ]
    if not absent:
        return None
    return Finding(
        severity=Severity.NOTE,
        code="not_looked_at",
        sentence=f"No {' and no '.join(absent)} is known, so nothing was compared by it",
        action=(
            "Name them in the study dictionary or on the command line; an experiment names its "
            "site under [validation]."
        ),
    )


__all__ = ["CheckReport", "Finding", "Severity", "Table", "check_study"]
