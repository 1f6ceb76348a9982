"""Write combat.json: what neuroCombat makes of a small generated matrix.

Run it where neuroCombat 0.2.12 is installed, with numpy 1.23 and pandas 1.5, which it needs:

    python tests/golden/make_combat.py > tests/golden/combat.json

No part of this package needs neuroCombat otherwise. Rows of the matrix are samples here.
"""

import contextlib
import io
import json
import sys

import numpy as np
import pandas as pd

SIZES = (7, 9, 12)
MARKERS = 8


def generate():
    """Values with batch shifts and scales that differ by marker, and an effect of age and sex."""
    rng = np.random.default_rng(20070101)
    batch = np.repeat(np.arange(1, len(SIZES) + 1), SIZES)
    rng.shuffle(batch)
    n = len(batch)
    # whole numbers, since neuroCombat rounds covariates to single precision
    age = rng.integers(20, 70, n) + 3 * batch
    sex = rng.integers(0, 2, n)
    shift = rng.normal(0, 1, (len(SIZES), MARKERS)) + np.array([[-0.5], [0.3], [1.2]])
    scale = np.sqrt(rng.gamma(8, 1 / 8, (len(SIZES), MARKERS)) * np.array([[0.6], [1.0], [1.9]]))
    values = rng.normal(0, 1, (n, MARKERS)) * scale[batch - 1] + shift[batch - 1]
    values += 4 + np.outer(age, rng.normal(0, 0.03, MARKERS)) + np.outer(sex, [0.5, 0] * 4)
    return values.round(4), batch, age, sex


def main():
    # here, so that collecting this file as a test does not need it
    from neuroCombat import neuroCombat

    values, batch, age, sex = generate()
    covars = pd.DataFrame({"batch": batch, "age": age, "sex": sex})
    cases = []
    for covariates in (False, True):
        for reference in (None, 2):
            for parametric in (True, False):
                for mean_only in (False, True):
                    with contextlib.redirect_stdout(io.StringIO()):
                        done = neuroCombat(
                            values.T,
                            covars,
                            "batch",
                            categorical_cols=["sex"] if covariates else None,
                            continuous_cols=["age"] if covariates else None,
                            parametric=parametric,
                            mean_only=mean_only,
                            ref_batch=reference,
                        )
                    cases.append(
                        {
                            "covariates": ["age", "sex"] if covariates else [],
                            "reference": reference,
                            "parametric": parametric,
                            "mean_only": mean_only,
                            "harmonised": done["data"].T.round(11).tolist(),
                        }
                    )
    golden = {
        "made_by": "tests/golden/make_combat.py with neuroCombat 0.2.12",
        "values": values.tolist(),
        "batch": batch.tolist(),
        "age": age.tolist(),
        "sex": sex.tolist(),
        "cases": cases,
    }
    json.dump(golden, sys.stdout)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
