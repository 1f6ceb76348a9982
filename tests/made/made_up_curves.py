"""Standard curves whose truth is known, and wells that scatter about them."""

import numpy as np

from signature.assay.logistic import response

LEVELS = np.repeat(4.0 ** np.arange(7), 2)
TRUTH = np.array([12.0, 15000.0, np.log(900.0), np.log(1.1), 0.0])
ASYMMETRIC = np.array([12.0, 15000.0, np.log(150.0), np.log(1.4), np.log(0.4)])


def read(x: np.ndarray, theta: np.ndarray, cv: float, rng: np.random.Generator) -> np.ndarray:
    """Return the signals of wells at concentrations x, with errors in proportion."""
    return response(np.log(x), theta) * np.exp(rng.normal(0, cv, np.shape(x)))
