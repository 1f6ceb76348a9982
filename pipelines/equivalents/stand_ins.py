"""Which markers may stand in for each other in a finished run, fold by fold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from pipelines.equivalents.marker_costs import Reach
from pipelines.explain.signature import fitted_procedure, inner_outer_folds, selecting_candidate
from pipelines.fit.fitting import final_key
from pipelines.fit.progress import progress
from pipelines.fit.store import FoldStore
from pipelines.question.folds import development_rows
from pipelines.question.study import AssembledStudy
from signature.exceptions import ResultsError
from signature.randomness import generator, seed_for
from signature.records.equivalents import (
    Comparison,
    EquivalentsRecord,
    Replacement,
    StandIn,
    WithinReach,
)
from signature.select.equivalents import (
    FoldSets,
    HeldOutRows,
    MarkerSet,
    compare,
    measure,
    swapped,
)
from signature.select.marker_clusters import CUT
from signature.study.schema import FeatureSchema
from signature.validation.draws import estimate_of_draws
from signature.validation.metrics import person_counts

LEAST_FOLDS = 0.5
"""Share of outer folds in whose training rows two markers must belong together to be compared."""


@dataclass(frozen=True, eq=False, repr=False)
class _Fold:
    sets: FoldSets
    held_out: pd.DataFrame
    where: HeldOutRows
    base: MarkerSet
    own: bool


def equivalents_record(
    study: AssembledStudy, store: FoldStore, *, margin: float, reach: Reach | None = None
) -> EquivalentsRecord:
    """Swap markers inside the outer folds and compare on held-out people.

    Each fold starts from its own selection, or, where it selected nothing, from that of all
    development rows; steps before the model are those that the fold's training rows taught. Every
    set is refitted and calibrated on the fold's training rows. Stand-ins are looked for in their
    correlations, too.

    Parameters
    ----------
    study, store : AssembledStudy, FoldStore
        Of a finished run.
    margin : float
        Loss of AUROC that counts as equivalent.
    reach : Reach, optional
        What a partner can measure.

    Raises
    ------
    ResultsError
        When no contender selects markers.

    Notes
    -----
    The markers that are asked about passed selection on *all* development rows, held-out ones
    included, and they are put into every fold. Both sides of a difference have that advantage; the
    AUROC of a set itself is too high.
    """
    candidate = selecting_candidate(study, store)
    if candidate is None:
        raise ResultsError(f"no contender of {study.experiment.name} selects markers")
    told = study.experiment
    procedure = fitted_procedure(study, store, candidate, final_key(study.folds))
    selected = list(procedure.estimator_[-1].selected_)
    folds = _folds(study, store, candidate, selected)
    cohort = study.cohort
    outcome, person = cohort.outcome.to_numpy(), cohort.person.to_numpy()
    strata = np.zeros(len(cohort)) if cohort.site is None else cohort.site.to_numpy()
    draws = person_counts(
        person, strata, told.validation.bootstraps, generator(told.seed, "equivalents")
    )
    weights = np.vstack([np.ones((1, len(outcome)), dtype=draws.dtype), draws])

    def measured(sets: list[MarkerSet]) -> dict[str, np.ndarray]:
        chances = [f.sets.probabilities(s, f.held_out) for f, s in zip(folds, sets, strict=True)]
        return measure([f.where for f in folds], chances, outcome, weights)

    def compared(marker: str, stand_in: str, share: float) -> StandIn:
        both = [swapped(f.base, marker, stand_in) for f in folds]
        own, other = (measured([b[i] for b in both]) for i in (0, 1))
        return StandIn(
            marker=marker,
            label=cohort.schema[marker].label,
            stand_in=stand_in,
            stand_in_label=cohort.schema[stand_in].label,
            clustered=share,
            comparison=compare(other, own, margin),
        )

    stand_ins, pairs = [], list(_pairs(folds, selected, cohort.schema))
    if pairs:
        with progress("pairs of markers", len(pairs)) as done:
            for pair in pairs:
                stand_ins.append(compared(*pair))
                done()
    whole = measured([f.base for f in folds]) if selected else None
    within = None
    if reach is not None and whole is not None:
        found = [frozenset(_best(f.sets, f.base, reach)) for f in folds]
        rows = development_rows(cohort, told.validation)
        final = _sets(procedure.estimator_, cohort.X.iloc[rows], outcome[rows], person[rows], study)
        within = _within(
            selected,
            _best(final, frozenset(selected), reach),
            final,
            reach,
            cohort.schema,
            compare(measured(found), whole, margin),
        )
    return EquivalentsRecord(
        experiment=told.name,
        fingerprint=store.run_fingerprint(study.candidates),
        candidate=candidate,
        markers=tuple(selected),
        margin=margin,
        cluster_cut=CUT,
        outer_folds=len(folds),
        own_folds=sum(f.own for f in folds),
        bootstraps=told.validation.bootstraps,
        auroc=None if whole is None else estimate_of_draws(whole["auroc"]),
        stand_ins=tuple(stand_ins),
        within_reach=within,
    )


def _folds(
    study: AssembledStudy, store: FoldStore, candidate: str, selected: list[str]
) -> list[_Fold]:
    X, person = study.cohort.X, study.cohort.person.to_numpy()
    y = study.cohort.outcome.to_numpy()
    made = []
    for fold in inner_outer_folds(study):
        pipeline = fitted_procedure(study, store, candidate, fold.key).estimator_
        own = list(pipeline[-1].selected_)
        train = fold.train
        made.append(
            _Fold(
                sets=_sets(pipeline, X.iloc[train], y[train], person[train], study),
                held_out=pipeline[:-1].transform(X.iloc[fold.held_out]),
                where=HeldOutRows(fold.repeat, fold.held_out),
                base=frozenset(own or selected),
                own=bool(own),
            )
        )
    return made


def _sets(
    pipeline: Pipeline, X: pd.DataFrame, y: np.ndarray, person: np.ndarray, study: AssembledStudy
) -> FoldSets:
    told, model = study.experiment, pipeline[-1]
    return FoldSets(
        pipeline[:-1].transform(X),
        y,
        person,
        panel=study.cohort.schema.panel,
        folds=told.validation.inner_folds,
        seed=seed_for(told.seed, "equivalents", "inner"),
        strength=getattr(model, "strength", 1.0),
    )


def _pairs(
    folds: list[_Fold], selected: list[str], schema: FeatureSchema
) -> list[tuple[str, str, float]]:
    """Markers, stand-ins, and in how many folds' training rows they belong together."""
    found = []
    for marker in selected:
        inside = [set(f.sets.cluster(marker)) for f in folds]
        for other in schema.panel:
            share = float(np.mean([other in own for own in inside]))
            if share >= LEAST_FOLDS:
                found.append((marker, other, share))
    return found


def _best(sets: FoldSets, base: MarkerSet, reach: Reach) -> list[str]:
    chosen = sets.within(base, reach.measured)
    return sets.cheapest(chosen, reach.measured, reach.cost) if reach.cost else chosen


def _within(
    selected: list[str],
    chosen: list[str],
    final: FoldSets,
    reach: Reach,
    schema: FeatureSchema,
    comparison: Comparison,
) -> WithinReach:
    new = [c for c in chosen if c not in selected]
    replaced = []
    for marker in selected:
        if marker in chosen:
            continue
        stand_in = next((c for c in final.cluster(marker) if c in new), None)
        new = [c for c in new if c != stand_in]
        replaced.append(
            Replacement(
                marker=marker,
                label=schema[marker].label,
                stand_in=stand_in,
                stand_in_label=None if stand_in is None else schema[stand_in].label,
            )
        )
    priced = bool(reach.cost) and all(m in reach.cost for m in selected)
    return WithinReach(
        measured=reach.measured,
        priced=bool(reach.cost),
        markers=tuple(chosen),
        labels=tuple(schema[m].label for m in chosen),
        replaced=tuple(replaced),
        cost=sum(reach.cost[m] for m in chosen) if reach.cost else None,
        own_cost=sum(reach.cost[m] for m in selected) if priced else None,
        comparison=comparison,
    )
