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
from threadpoolctl import threadpool_limits

from experiments.benchmarks.attack_designs import DESIGNS, POWER, Study
from experiments.benchmarks.kept import keep_part, kept, part_of, selection_code
from pipelines.fit.processes import Call, run_all
from pipelines.fit.progress import progress
from signature.randomness import generator, seed_for
from signature.select.covariates import adjust
from signature.select.half_samples import PeopleInRows
from signature.select.stability_selection import FEWEST_PEOPLE
from signature.select.strongest_marker import strongest_marker
from signature.writing import write_whole

OUT = Path(__file__).with_suffix(".json")
ALPHA, AIM = 0.025, 0.04
DRAWS = 199
"""Of either kind: their number makes the test coarser, and no less exact."""

AT_ONCE = 50
"""Studies in one part."""

EVERY = DESIGNS | POWER


def passes(study: Study, seed: int) -> tuple[bool, bool]:
    """Whether anything passes, now, and with straight lines and plain correlations."""
    people = PeopleInRows(study.person, study.outcome)
    rarer = people.fewest // 2
    adjusted = adjust(
        study.markers, study.covariates, study.outcome, family="logistic", rarer=rarer
    )
    now = strongest_marker(
        adjusted, people, generator(seed, "gate"), draws=DRAWS, alpha=ALPHA
    ).pvalue
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


def part(name: str, first: int) -> dict[str, int]:
    """Count in `AT_ONCE` studies of a design, or read what was counted before."""
    file = kept("attacks_gate") / f"{name}-{first}.sealed"
    found = part_of(file)
    if found is None:
        found = {"studies": 0, "passes": 0, "plain_passes": 0}
        with threadpool_limits(1):
            for number in range(first, first + AT_ONCE):
                study = EVERY[name].draw(generator(0, name, number))
                if PeopleInRows(study.person, study.outcome).fewest < FEWEST_PEOPLE:
                    continue
                now, plain = passes(study, seed_for(0, name, number))
                found["studies"] += 1
                found["passes"] += now
                found["plain_passes"] += plain
        keep_part(file, found)
    return {"at": list(EVERY).index(name)} | found


def main(
    studies: Annotated[int, typer.Option(help="Studies of each design")] = 2000,
    jobs: Annotated[int, typer.Option(help="Processes")] = 2,
) -> None:
    """Count in every study that was not looked at yet, and summarise."""
    # all designs in turn, so that a run that is cut short has some of each
    calls: list[Call[dict[str, int]]] = [
        (part, (name, first)) for first in range(0, studies, AT_ONCE) for name in EVERY
    ]
    sums: list[dict[str, int]] = [{} for _ in EVERY]
    with progress("parts", len(calls)) as done:
        for found in run_all(calls, jobs=jobs):
            of = sums[found.pop("at")]
            for key, count in found.items():
                of[key] = of.get(key, 0) + count
            done()
    lines = [
        {
            "name": name,
            "what": design.what,
            "true": name in POWER,
            "promised": design.promised,
        }
        | _shares(counts)
        for (name, design), counts in zip(EVERY.items(), sums, strict=True)
    ]
    found = {"code": selection_code(), "alpha": ALPHA, "aim": AIM, "draws": DRAWS, "designs": lines}
    write_whole(OUT, json.dumps(found, indent=1) + "\n")
    for line in lines:
        typer.echo(f"{line['what']:70} {line['passes']} ± {line['error']}  plain {line['plain']}")


def _shares(counts: dict[str, int]) -> dict[str, Any]:
    n, share = counts["studies"], counts["passes"] / counts["studies"]
    return {
        "studies": n,
        "passes": round(share, 4),
        "error": round(float(np.sqrt(max(share, 1 / n) * (1 - share) / n)), 4),
        "plain": round(counts["plain_passes"] / n, 4),
    }


if __name__ == "__main__":
    typer.run(main)
