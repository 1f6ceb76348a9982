"""How strongly two ways of grouping people go together."""

from __future__ import annotations

import numpy as np
from scipy import stats

DRAWS = 9999
"""Tables drawn where the chi-square approximation does not hold."""


def association(counts: np.ndarray, *, random_state: int = 0) -> tuple[float, float]:
    """Return the p value of independence and Cramér's V of a table of counts.

    Chi-square where every expected count reaches 1 and four in five reach 5 (Cochran 1954), else
    Fisher's exact test for two by two and the share of random tables with the same margins that
    are as extreme otherwise. V is corrected for its bias in small tables (Bergsma 2013).

    Parameters
    ----------
    counts : ndarray of int, shape (n_groups, n_classes)
        Empty rows and columns do not matter.

    Returns
    -------
    p, v : float
        1 and 0 when there is one group or class only.

    Examples
    --------
    >>> p, v = association(np.array([[40, 10], [10, 40]]))
    >>> p < 1e-8, round(v, 2)
    (True, 0.59)
    >>> association(np.array([[3, 3], [0, 0]]))
    (1.0, 0.0)
    """
    table = np.asarray(counts)
    table = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    if min(table.shape) < 2:
        return 1.0, 0.0
    n = int(table.sum())
    rows, columns = table.sum(axis=1), table.sum(axis=0)
    expected = np.outer(rows, columns) / n
    chi2 = float(((table - expected) ** 2 / expected).sum())
    freedom = (table.shape[0] - 1) * (table.shape[1] - 1)
    if expected.min() >= 1 and (expected >= 5).mean() >= 0.8:
        p = float(stats.chi2.sf(chi2, freedom))
    elif table.shape == (2, 2):
        p = float(stats.fisher_exact(table).pvalue)
    else:
        drawn = stats.random_table(rows, columns).rvs(DRAWS, random_state=random_state)
        extreme = ((drawn - expected) ** 2 / expected).sum(axis=(1, 2)) >= chi2 * (1 - 1e-9)
        p = float((1 + extreme.sum()) / (1 + DRAWS))
    phi2 = max(0.0, chi2 / n - freedom / (n - 1))
    r, c = (k - (k - 1) ** 2 / (n - 1) for k in table.shape)
    return p, float(min(1.0, np.sqrt(phi2 / max(min(r, c) - 1, 1e-12))))
