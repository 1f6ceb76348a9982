"""P-values of several tests, corrected for their number (Holm 1979)."""

from __future__ import annotations

from collections.abc import Sequence


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Correct p-values for their number, so that any false finding is as rare as one test's.

    Parameters
    ----------
    p_values : sequence of float or None
        Those that are None are no tests and stay None.

    Returns
    -------
    list of float or None
        In the same order (Holm 1979).

    Examples
    --------
    >>> holm([0.01, None, 0.04, 0.03])
    [0.03, None, 0.06, 0.06]
    """
    tests = sorted((p, k) for k, p in enumerate(p_values) if p is not None)
    corrected: list[float | None] = [None] * len(p_values)
    reached = 0.0
    for rank, (p, k) in enumerate(tests):
        reached = max(reached, min(1.0, (len(tests) - rank) * p))
        corrected[k] = reached
    return corrected
