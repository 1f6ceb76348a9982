"""Least squares of ``ceiling - gap * n ** -rate`` with bounds, for many draws at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

RATES = np.geomspace(0.05, 2.0, 60)
"""Rates that are tried. Parametric models reach their ceiling at about 1; slower is more usual."""

_CIRCLE = np.stack([f(np.linspace(0, 2 * np.pi, 65)[:-1]) for f in (np.cos, np.sin)], axis=1)


@dataclass(frozen=True, eq=False)
class Best:
    """Index into `RATES`, ceiling, gap and misfit, each of shape (n_draws,)."""

    rate: np.ndarray
    ceiling: np.ndarray
    gap: np.ndarray
    misfit: np.ndarray


class Fits:
    """Least squares at every rate: with the rate fixed, a line with bounds on its two numbers."""

    def __init__(self, whiten: np.ndarray, n: np.ndarray, where: np.ndarray) -> None:
        self.power = where[None] ** -RATES[:, None]
        self.one = whiten.sum(axis=1)
        self.fall = -(n[None] ** -RATES[:, None]) @ whiten.T

    def curve(self, rate: np.ndarray, ceiling: np.ndarray, gap: np.ndarray) -> np.ndarray:
        """AUROC at the sizes asked about, shape (n_curves, n_where)."""
        return ceiling[:, None] - gap[:, None] * self.power[rate]

    def best(self, y: np.ndarray) -> Best:
        """Fit whitened points, shape (n_draws, n_sizes), by the best of all rates."""
        found = None
        for rate, fall in enumerate(self.fall):
            ceiling, gap, misfit = self._line(y, fall)
            own = Best(np.full(len(y), rate), ceiling, gap, misfit)
            if found is None:
                found = own
                continue
            better = own.misfit < found.misfit - 1e-12
            found = Best(
                *(
                    np.where(better, getattr(own, k), getattr(found, k))
                    for k in ("rate", "ceiling", "gap", "misfit")
                )
            )
        assert found is not None
        return found

    def _line(self, y: np.ndarray, fall: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Ceiling from 0 to 1 and gap from 0 up: the inside solution, or the best on an edge."""
        one = self.one
        oo, of, ff = one @ one, one @ fall, fall @ fall
        yo, yf = y @ one, y @ fall
        inside = oo * ff - of**2
        ceiling = (ff * yo - of * yf) / inside
        gap = (oo * yf - of * yo) / inside
        tried = [(ceiling, gap), (yo / oo, np.zeros(len(y)))]
        tried += [(np.full(len(y), edge), (yf - of * edge) / ff) for edge in (0.0, 1.0)]
        misfits = []
        for i, (a, b) in enumerate(tried):
            ok = (a >= 0) & (a <= 1) & (b >= 0)
            a, b = np.clip(a, 0.0, 1.0), np.maximum(b, 0.0)
            tried[i] = (a, b)
            misfit = ((y - a[:, None] * one - b[:, None] * fall) ** 2).sum(axis=1)
            misfits.append(np.where(ok | (i > 0), misfit, np.inf))
        pick = np.argmin(misfits, axis=0)
        at = np.arange(len(y))
        return (
            np.array([a for a, _ in tried])[pick, at],
            np.array([b for _, b in tried])[pick, at],
            np.array(misfits)[pick, at],
        )

    def admissible(self, y: np.ndarray, largest: float) -> np.ndarray:
        """Give the outermost curves whose misfit is no larger, shape (n_curves, n_where).

        At each rate they are an ellipse of ceilings and gaps, cut at the limits of both.
        """
        curves, one = [], self.one
        for rate, fall in enumerate(self.fall):
            both = np.stack([one, fall])
            q = both @ both.T
            center = np.linalg.solve(q, both @ y)
            left = largest - ((y - center @ both) ** 2).sum()
            if left < 0:
                continue
            rim = center + np.sqrt(left) * _CIRCLE @ np.linalg.inv(np.linalg.cholesky(q))
            edges = [
                (edge, gap)
                for edge in (0.0, 1.0)
                for gap in _ends_on(y - edge * one, fall, largest)
            ]
            edges += [(ceiling, 0.0) for ceiling in _ends_on(y, one, largest)]
            found = np.concatenate([rim, np.array(edges).reshape(-1, 2)])
            found = found[(found[:, 0] >= 0) & (found[:, 0] <= 1) & (found[:, 1] >= 0)]
            curves.append(self.curve(np.full(len(found), rate), found[:, 0], found[:, 1]))
        return np.concatenate(curves)


def _ends_on(y: np.ndarray, x: np.ndarray, largest: float) -> list[float]:
    """Both multiples of x at which the misfit to y is so large; none where it always is larger."""
    middle = float(x @ y / (x @ x))
    left = largest - float(((y - middle * x) ** 2).sum())
    reach = float(np.sqrt(left / (x @ x))) if left >= 0 else 0.0
    return [middle - reach, middle + reach] if left >= 0 else []
