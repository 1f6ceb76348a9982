"""Who is in which arm of a trial: what makes arms unfit to compare, and whether the ratio held."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import comb

import numpy as np
import pandas as pd
from scipy.special import gammaln
from scipy.stats import binomtest, chi2

from signature.exceptions import AllocationError

FEWEST_IN_ARM = 4
"""People below which an arm is not compared: no spread within it can be told from so few."""

CONTRADICTS = 0.001
"""A fair allocation is this far from its ratio in one of a thousand trials, which is warned of."""

_MOST_COUNTS = 200_000


@dataclass(frozen=True)
class AllocationCheck:
    """Whether the sizes of the arms fit the ratio that was declared.

    Parameters
    ----------
    people : dict of int
        By arm, the control first.
    expected : dict of float
        People by arm if the ratio had held.
    p : float
        How often sizes at least as unlikely come of independent allocation at the ratio.
    exact : bool
        Whether `p` is a sum over all sizes; that of Pearson's chi-squared otherwise.
    """

    people: dict[str, int]
    expected: dict[str, float]
    p: float
    exact: bool

    @property
    def contradicts(self) -> bool:
        """Whether such sizes are rarer than one in a thousand under the declared ratio."""
        return self.p < CONTRADICTS


def arm_codes(
    arm: Sequence[str] | np.ndarray | pd.Series,
    control: str,
    *,
    person: Sequence[object] | np.ndarray | pd.Series | None = None,
) -> tuple[tuple[str, ...], np.ndarray]:
    """Give the arms of a trial their numbers, the control 0.

    Parameters
    ----------
    arm : sequence of str, shape (n,)
        To which each person was allocated.
    control : str
        One of them.
    person : sequence, shape (n,), optional
        Whose row it is, where a person may have several; left out, every row is a person.

    Returns
    -------
    names : tuple of str
        The control, then the others in alphabetical order.
    code : ndarray of int, shape (n,)
        Place of each row's arm in `names`.

    Raises
    ------
    AllocationError
        When an arm is missing, there are fewer than two, none is the control, a person is in two,
        or one has three people or fewer.

    Examples
    --------
    >>> names, code = arm_codes(["drug", "placebo"] * 4, "placebo")
    >>> names, code[:2].tolist()
    (('placebo', 'drug'), [1, 0])
    """
    labels = pd.Series(np.asarray(arm, dtype=object))
    unknown = int(labels.isna().sum())
    if unknown:
        raise AllocationError(
            f"arm is missing in {unknown} of {len(labels)} rows; give the arm that each person was "
            "allocated to, or leave out who was not randomised"
        )
    labels = labels.astype("str")
    found = sorted(set(labels))
    if control not in found or len(found) < 2:
        raise AllocationError(
            f"expected two or more arms, one of them the control {control!r}; found "
            + (", ".join(map(repr, found)) or "none")
        )
    who = pd.Series(np.arange(len(labels)) if person is None else np.asarray(person, dtype=object))
    if len(who) != len(labels):
        raise AllocationError(
            f"person must say whose each of the {len(labels)} rows is; got {len(who)}"
        )
    in_two = int((labels.groupby(who.to_numpy()).nunique() > 1).sum())
    if in_two:
        raise AllocationError(
            f"{in_two} persons have rows in two arms; keep the arm they were allocated to"
        )
    people = who.groupby(labels).nunique()
    small = [f"{name!r} has {people[name]}" for name in found if people[name] < FEWEST_IN_ARM]
    if small:
        raise AllocationError(
            f"an arm needs {FEWEST_IN_ARM} people or more to be compared; arm {', '.join(small)}. "
            "Leave the arm out, or report its people one by one"
        )
    names = (control, *(name for name in found if name != control))
    return names, labels.map({name: k for k, name in enumerate(names)}).to_numpy(dtype="int64")


def check_allocation(people: Mapping[str, int], ratio: Mapping[str, float]) -> AllocationCheck:
    """Compare sizes of arms with the declared allocation ratio.

    Parameters
    ----------
    people : mapping of int
        Randomised, by arm.
    ratio : mapping of float
        By arm, above 0: ``{"il2": 2, "placebo": 1}`` for 2 : 1.

    Returns
    -------
    AllocationCheck

    Raises
    ------
    AllocationError
        When the arms differ, a count is negative or a ratio not above 0, or nobody was randomised.

    Notes
    -----
    The reference is independent allocation, person by person. Blocks and minimisation keep sizes
    closer to the ratio than that, so with them a small p-value says even more, and a large one
    less. Exact where all sizes can be listed: the sum over those no likelier than the observed.

    Examples
    --------
    >>> held = check_allocation({"placebo": 12, "il2": 24}, {"placebo": 1, "il2": 2})
    >>> held.p, held.contradicts
    (1.0, False)
    >>> check_allocation({"placebo": 24, "il2": 12}, {"placebo": 1, "il2": 2}).contradicts
    True
    """
    if set(people) != set(ratio) or len(people) < 2:
        raise AllocationError(
            f"the ratio is declared for {', '.join(map(repr, ratio)) or 'no arm'}, and there are "
            f"people in {', '.join(map(repr, people)) or 'no arm'}; declare two or more, the same"
        )
    odd = [name for name in people if people[name] < 0 or not 0 < ratio[name] < float("inf")]
    if odd or not sum(people.values()):
        raise AllocationError(
            "sizes of arms must not be negative nor all 0, and ratios must be above 0; check "
            + ", ".join(map(repr, odd or people))
        )
    count = np.array([people[name] for name in people])
    share = np.array([ratio[name] for name in people], dtype="float64")
    share /= share.sum()
    p, exact = _multinomial_p(count, share)
    expected = {name: float(share[k] * count.sum()) for k, name in enumerate(people)}
    return AllocationCheck(dict(people), expected, p, exact)


def _multinomial_p(count: np.ndarray, share: np.ndarray) -> tuple[float, bool]:
    n, arms = int(count.sum()), len(count)
    if arms == 2:
        return float(binomtest(int(count[0]), n, share[0]).pvalue), True
    if comb(n + arms - 1, arms - 1) > _MOST_COUNTS:
        statistic = ((count - n * share) ** 2 / (n * share)).sum()
        return float(chi2.sf(statistic, arms - 1)), False
    table = np.array(list(_sizes(n, arms)))
    logs = gammaln(n + 1) + (table * np.log(share) - gammaln(table + 1)).sum(axis=1)
    own = gammaln(n + 1) + (count * np.log(share) - gammaln(count + 1)).sum()
    # sizes that are as likely by symmetry must count whatever rounding makes of them
    return float(min(1.0, np.exp(logs[logs <= own + 1e-9]).sum())), True


def _sizes(n: int, arms: int) -> Iterator[tuple[int, ...]]:
    if arms == 1:
        yield (n,)
        return
    for first in range(n + 1):
        for rest in _sizes(n - first, arms - 1):
            yield (first, *rest)
