"""How often the first test of a selection finds something where there is nothing, under attack.

``python -m experiments.benchmarks.attacks_gate`` draws the studies of
``experiments.benchmarks.attack_designs`` and asks in each whether the strongest marker passes, as
`StabilitySelection` does before it selects anything. Beside it, on the same studies, what a
selection would do whose covariates are straight lines and whose permutations compare plain
correlations; and the same where one marker matters. Shares with Monte Carlo errors go to
``attacks_gate.json`` beside it. Finished parts are kept in ``results/attacks_gate/``, in a folder
of the code they are of, so that a killed run goes on.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from experiments.benchmarks.attack_designs import DESIGNS, POWER, Study
from experiments.benchmarks.kept import counted, selection_code
from signature.randomness import generator, seed_for
from signature.select.half_samples import PeopleInRows
from signature.select.strongest_marker import strongest_marker
from signature.writing import write_whole

OUT = Path(__file__).with_suffix(".json")
ALPHA, AIM = 0.025, 0.04
DRAWS = 199
"""Of either kind: their number makes the test coarser, and no less exact."""

EVERY = DESIGNS | POWER


def passes(study: Study, seed: int) -> tuple[bool, bool]:
    """Whether anything passes, now, and with straight lines and plain correlations."""
    read = study.read()
    now = strongest_marker(
        read.adjusted(), read.people, generator(seed, "gate"), draws=DRAWS, alpha=ALPHA
    ).pvalue
    people = PeopleInRows(study.person, study.outcome)
    return now <= ALPHA, _plain_pvalue(study, people, generator(seed, "plain")) <= ALPHA


def _plain_pvalue(study: Study, people: PeopleInRows, rng: np.random.Generator) -> float:
    design = np.column_stack([np.ones(len(study.outcome)), study.covariates])
    left, rest = (
        values - design @ np.linalg.lstsq(design, values, rcond=None)[0]
        for values in (study.markers, study.outcome)
    )
    unit = left / np.sqrt((left**2).sum(axis=0))
    orders = np.array([people.permuted(rng) for _ in range(DRAWS)])
    null = np.abs(rest[orders] @ unit).max(axis=1)
    return float((1 + (null >= np.abs(rest @ unit).max()).sum()) / (1 + DRAWS))


def counts(name: str, number: int) -> dict[str, float]:
    """Count in one study of a design."""
    study = EVERY[name].draw(generator(0, name, number))
    if study.read().too_few:
        return {"studies": 0, "passes": 0, "plain_passes": 0}
    now, plain = passes(study, seed_for(0, name, number))
    return {"studies": 1, "passes": now, "plain_passes": plain}


def main(
    studies: Annotated[int, typer.Option(help="Studies of each design")] = 2000,
    jobs: Annotated[int, typer.Option(help="Processes")] = 2,
) -> None:
    """Count in every study that was not looked at yet, and summarise."""
    sums = counted("attacks_gate", counts, list(EVERY), studies, jobs=jobs, at_once=50)
    lines = [
        {
            "name": name,
            "what": design.what,
            "true": name in POWER,
            "promised": design.promised,
        }
        | _shares(sums[name])
        for name, design in EVERY.items()
    ]
    found = {"code": selection_code(), "alpha": ALPHA, "aim": AIM, "draws": DRAWS, "designs": lines}
    write_whole(OUT, json.dumps(found, indent=1) + "\n")
    for line in lines:
        typer.echo(f"{line['what']:70} {line['passes']} ± {line['error']}  plain {line['plain']}")


def _shares(sums: dict[str, float]) -> dict[str, Any]:
    n, share = sums["studies"], sums["passes"] / sums["studies"]
    return {
        "studies": int(n),
        "passes": round(share, 4),
        "error": round(float(np.sqrt(max(share, 1 / n) * (1 - share) / n)), 4),
        "plain": round(sums["plain_passes"] / n, 4),
    }


if __name__ == "__main__":
    typer.run(main)
