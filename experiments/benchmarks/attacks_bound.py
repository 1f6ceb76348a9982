"""How many false markers a selection names, under attack, with true ones among them.

``python -m experiments.benchmarks.attacks_bound`` draws studies of
``experiments.benchmarks.attack_designs`` and puts three markers that matter into each, so that
something passes the first test and the threshold alone stands between the others and the
signature. `StabilitySelection` selects by each of its learners. Mean numbers of false and true
markers with Monte Carlo errors go to ``attacks_bound.json`` beside it. Finished parts are kept in
``results/attacks_bound/``, in a folder of the code they are of, so that a killed run goes on.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from experiments.benchmarks.attack_designs import DESIGNS, Study
from experiments.benchmarks.kept import counted, selection_code
from signature.randomness import generator, seed_for
from signature.select.stability_selection import StabilitySelection
from signature.writing import write_whole

OUT = Path(__file__).with_suffix(".json")
LEVEL, TRUE, HIGHER = 0.25, 3, 1.3
LEARNERS = ("elastic_net", "marginal")
COPIES = 5
ATTACKED = (
    "age_squared",
    "bmi_above",
    "wider_93_2",
    "wider_150_2",
    "fans_200_.7",
    "skew",
    "heavy",
    "visits",
    "sites_200",
    "covariates_200_20",
    "plain_150_200",
)
COPIED = "copies"


def draw(name: str, number: int) -> tuple[Study, np.ndarray]:
    """Draw a study, three of whose markers matter, and say which markers are one."""
    rng = generator(0, "bound", name, number)
    study = DESIGNS["wider_150_2" if name == COPIED else name].draw(rng)
    y, markers = study.outcome, study.markers.copy()
    # the same for all visits of a person, as far as it is true
    markers[:, :TRUE] = rng.normal(size=(len(y), TRUE)) + HIGHER * (y - y.mean())[:, None]
    same = np.arange(markers.shape[1])
    if name == COPIED:
        same = np.r_[np.arange(TRUE), np.repeat(np.arange(TRUE, 20), COPIES)]
        noise = 0.1 * rng.normal(size=(len(y), len(same)))
        markers = markers[:, same] + noise
    return replace(study, markers=markers), same


def counts(name: str, number: int) -> dict[str, float]:
    """Count in one study of a design."""
    study, same = draw(name, number)
    panel, table = study.panel(), study.table()
    found: dict[str, float] = {"studies": 1}
    for learner in LEARNERS:
        selector = StabilitySelection(
            panel, learner, level=LEVEL, random_state=seed_for(0, "bound", name, number)
        )
        selector.fit(table, study.outcome, study.person, study.site)
        chosen = np.unique(same[np.isin(panel, selector.selected_)])
        false = float((chosen >= TRUE).sum())
        found |= {
            f"{learner} false": false,
            f"{learner} squared": false**2,
            f"{learner} true": float((chosen < TRUE).sum()),
        }
    return found


def main(
    studies: Annotated[int, typer.Option(help="Studies of each design")] = 200,
    jobs: Annotated[int, typer.Option(help="Processes")] = 2,
) -> None:
    """Count in every study that was not looked at yet, and summarise."""
    names = [*ATTACKED, COPIED]
    sums = counted("attacks_bound", counts, names, studies, jobs=jobs, at_once=10)
    lines = [{"name": name, "what": _what(name)} | _means(sums[name]) for name in names]
    found = {"code": selection_code(), "level": LEVEL, "true": TRUE, "designs": lines}
    write_whole(OUT, json.dumps(found, indent=1) + "\n")
    for line in lines:
        typer.echo(f"{line['what']:70} {line['learners']}")


def _what(name: str) -> str:
    if name == COPIED:
        return f"26 of 150 events, SD 2 × in events, each marker {COPIES} times"
    return DESIGNS[name].what


def _means(sums: dict[str, float]) -> dict[str, Any]:
    n = sums["studies"]
    learners = {}
    for learner in LEARNERS:
        mean = sums[f"{learner} false"] / n
        spread = max(0.0, sums[f"{learner} squared"] / n - mean**2)
        learners[learner] = {
            "false": round(mean, 3),
            "error": round(float(np.sqrt(spread / n)), 3),
            "true": round(sums[f"{learner} true"] / n, 2),
        }
    return {"studies": int(n), "learners": learners}


if __name__ == "__main__":
    typer.run(main)
