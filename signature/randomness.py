"""One seed, spawned by name.

Whoever draws random numbers asks for a seed by what it is doing, so the bits do not depend on the
order in which things run, on how many processes run them, or on where a run was resumed.
"""

from __future__ import annotations

import hashlib

import numpy as np


def seed_for(root: int, *path: str | int) -> int:
    """Derive a 32-bit seed for a named purpose.

    Parameters
    ----------
    root : int
        The experiment's seed.
    *path : str or int
        What the numbers are for, e.g. ``"tuning", "elastic_net", repeat, fold``.

    Examples
    --------
    >>> seed_for(1, "folds") == seed_for(1, "folds")
    True
    >>> seed_for(1, "folds", 0) == seed_for(1, "folds", 1)
    False
    """
    digest = hashlib.sha256("/".join(str(p) for p in path).encode()).digest()
    key = tuple(int.from_bytes(digest[i : i + 4], "little") for i in range(0, 16, 4))
    return int(np.random.SeedSequence(root, spawn_key=key).generate_state(1)[0])


def generator(root: int, *path: str | int) -> np.random.Generator:
    """Return a generator seeded for a named purpose."""
    return np.random.default_rng(seed_for(root, *path))
