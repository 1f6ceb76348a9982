"""How high the ladder of claims lets cohorts climb of which the truth is known.

``python -m experiments.benchmarks.claim_ladder`` draws cohorts from `signature.datasets.simulate`
and takes each through the whole pipeline: outer and inner folds, tuning, calibration, sentinels,
evaluation, claim.

- *null*: 40 to 400 people. The panel adds nothing. In every other cohort nothing tells the event at
  all; in the rest age and BMI do, and markers go with them, so that the panel does *look* as if it
  told something.
- *strong*: 1,200 people. Four of twelve markers tell the event, beyond what age and BMI tell; there
  are more people than Riley's criteria ask for.

How many cohorts stopped on which rung goes to ``claim_ladder.json`` beside it, and, of those that
did not get as far as they should have, which rule they failed. Finished cohorts are kept in
``results/claim_ladder/``, in a folder of the code they are of.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from experiments.benchmarks.kept import add_line, kept, lines_of
from pipelines.evaluate.evaluation import evaluate
from pipelines.fit.candidate_parameters import candidate_parameters
from pipelines.fit.digest import code_digest
from pipelines.fit.fitting import fit_all, tasks
from pipelines.fit.predictions import inner_table, predictions_table
from pipelines.fit.store import FoldStore
from pipelines.null_check.exact_intervals import exact_share
from pipelines.question.experiment import (
    Candidates,
    Claim,
    Data,
    Experiment,
    Features,
    Gate,
    Tuning,
)
from pipelines.question.experiment import Validation as Folds
from pipelines.question.study import AssembledStudy, lay_out
from pipelines.sentinels.look import run_sentinels
from signature.datasets.simulate import Design, simulate
from signature.discovery import load
from signature.outcomes import simulated_response
from signature.randomness import seed_for
from signature.records.claim import RUNGS
from signature.records.results import PROCEDURE, REFERENCE, Evaluation
from signature.writing import write_whole

OUT = Path(__file__).with_suffix(".json")
SEED = 20261126

MOST_NULL = 0.05
"""Share of null cohorts that may climb above *exploratory*."""

FEWEST_STRONG = 0.80
"""Share of strong cohorts that should reach *internally validated*."""

NULL_PEOPLE = (40, 400)
STRONG_PEOPLE = 1200


@dataclass(frozen=True)
class Climbed:
    """What became of one cohort.

    ``missed`` are the rules that stopped it from being internally validated.
    """

    people: int
    events: int
    rung: str
    auroc: float
    gain: float
    missed: tuple[str, ...]


def null_design(cohort: int, cohorts: int) -> Design:
    """Return a design in which the panel adds nothing; cohorts spread evenly over the sizes."""
    low, high = NULL_PEOPLE
    share = cohort / max(cohorts - 1, 1)
    return Design(
        n_people=round(low + share * (high - low)),
        n_sites=1,
        plates_per_site=5,
        n_markers=12,
        arms=False,
        arm_effect=0.0,
        prognostic={"age": 0.5, "bmi": 0.7} if cohort % 2 else {},
        predictive={},
        event_rate=0.4,
    )


def strong_design(_cohort: int, _cohorts: int) -> Design:
    """Return a design in which four markers tell the event and there are people enough."""
    return Design(
        n_people=STRONG_PEOPLE,
        n_sites=1,
        plates_per_site=10,
        n_markers=12,
        arms=False,
        arm_effect=0.0,
        prognostic={
            "age": 0.3, "bmi": 0.3, "IL6": 1.0, "IL1B": -0.9, "CXCL8": 1.0, "IFNG": -0.9,
        },
        predictive={},
        event_rate=0.4,
    )  # fmt: skip


DESIGNS = {"null": null_design, "strong": strong_design}


def experiment(seed: int) -> Experiment:
    """Return a quick experiment: one contender against the clinical features, 5 folds of 3."""
    return Experiment(
        name="claim_ladder",
        title="A simulated cohort",
        question="Does the panel add to age, sex, BMI and smoking?",
        caution="Simulated data: nobody was measured.",
        seed=seed,
        data=Data(dataset="simulate", outcome="simulated_response"),
        features=Features(
            baseline=("demographics", "body size", "smoking"),
            panel=("acute phase", "cytokine", "chemokine"),
        ),
        candidates=Candidates(
            contenders=("elastic_net",), references=("clinical_only",), baselines=()
        ),
        validation=Folds(repeats=1, inner_folds=3, bootstraps=400),
        tuning=Tuning(trials=4),
        claim=Claim(design="prospective"),
        gate=Gate(auroc_at_least=0.7),
    )


def climbs(kind: str, cohort: int, cohorts: int) -> Climbed:
    """Take one cohort through the pipeline."""
    seed = seed_for(SEED, kind, cohort)
    found = evaluated(DESIGNS[kind](cohort, cohorts), experiment(seed))
    block = found.blocks[0]
    lacking = [c.rule for c in found.claim.checks if c.passed is False and c.rung != RUNGS[-1]]
    gain = block.difference(PROCEDURE, REFERENCE).metrics["auroc"].value
    auroc = block.candidate(PROCEDURE).metrics["auroc"].value
    assert auroc is not None
    assert gain is not None
    return Climbed(
        people=block.n_people,
        events=block.n_events,
        rung=found.claim.rung,
        auroc=round(auroc, 4),
        gain=round(gain, 4),
        missed=tuple(lacking),
    )


def evaluated(design: Design, asked: Experiment) -> Evaluation:
    """Draw a cohort, run the experiment on it and evaluate it."""
    cohort = simulate(design, seed=asked.seed).cohort
    cohort = cohort.with_outcome("simulated_response", simulated_response.derive(cohort.records))
    schema = cohort.schema.choose(**asked.features.model_dump())
    cohort, dropped = cohort.with_features(schema).without_empty_features()
    candidates = {n: load("models", n, ["build", "space"]) for n in asked.candidates.all}
    folds = lay_out(asked, cohort, None)
    study = AssembledStudy(asked, cohort, simulated_response.OUTCOME, dropped, folds, candidates)
    with tempfile.TemporaryDirectory() as folder:
        store = FoldStore(Path(folder), "0" * 16)
        fit_all(tasks(study), study, store, jobs=1, done=lambda: None)
        predictions = predictions_table(study, store)
        inner = inner_table(study, store, predictions)
    return evaluate(
        predictions,
        asked,
        {n: n for n in (PROCEDURE, REFERENCE, *candidates)},
        candidate_parameters(study),
        run_sentinels(study, study.folds),
        inner,
    )


def code() -> str:
    """Digest of the code whose claims these are."""
    candidates = (f"models.{name}" for name in experiment(0).candidates.all)
    return code_digest("experiments.benchmarks.claim_ladder", *candidates)[:12]


def summarise(kind: str, cohorts: list[Climbed]) -> dict[str, Any]:
    """Count cohorts by rung, with the share that went above exploratory, and what stopped others.

    Parameters
    ----------
    kind : {"null", "strong"}
    cohorts : list of Climbed
    """
    above = sum(RUNGS.index(c.rung) > RUNGS.index("exploratory") for c in cohorts)  # type: ignore[arg-type]
    share = exact_share(above, len(cohorts))
    aim = (
        above <= MOST_NULL * len(cohorts)
        if kind == "null"
        else above >= FEWEST_STRONG * len(cohorts)
    )
    stopped = Counter(rule for c in cohorts for rule in c.missed)
    return {
        "kind": kind,
        "cohorts": len(cohorts),
        "people": [min(c.people for c in cohorts), max(c.people for c in cohorts)],
        "auroc": _mean([c.auroc for c in cohorts]),
        "gain": _mean([c.gain for c in cohorts]),
        "rungs": {rung: sum(c.rung == rung for c in cohorts) for rung in RUNGS},
        "above_exploratory": [round(float(x), 4) for x in (share.value, share.low, share.high)],
        "aim_met": bool(aim),
        "not_met": dict(stopped.most_common()),
    }


def _mean(values: list[float]) -> float:
    return round(sum(values) / len(values), 4)


def main(
    cohorts: Annotated[int, typer.Option(help="Of each kind")] = 200,
) -> None:
    """Run every cohort that was not run yet, and summarise."""
    mark = code()
    folder = kept(f"claim_ladder/{cohorts}", mark)
    started = time.monotonic()
    done: dict[str, list[Climbed]] = {kind: _read(folder / f"{kind}.sealed") for kind in DESIGNS}
    # both kinds in turn, so that a run that is cut short has some of each
    for cohort in range(cohorts):
        for kind in DESIGNS:
            if cohort < len(done[kind]):
                continue
            one = climbs(kind, cohort, cohorts)
            add_line(folder / f"{kind}.sealed", vars(one), cohort)
            done[kind].append(one)
        sys.stderr.write(f"\r{cohort + 1} of {cohorts} ({time.monotonic() - started:.0f} s)")
        sys.stderr.flush()
    found = {
        "cohorts": cohorts,
        "code": mark,
        "aims": {"null": MOST_NULL, "strong": FEWEST_STRONG},
        "kinds": [summarise(kind, done[kind][:cohorts]) for kind in DESIGNS],
    }
    write_whole(OUT, json.dumps(found, indent=1) + "\n")


def _read(file: Path) -> list[Climbed]:
    return [Climbed(**line | {"missed": tuple(line["missed"])}) for line in lines_of(file)]


if __name__ == "__main__":
    typer.run(main)
