"""Write down the markers that passed selection: the signature, empty or not, as an object."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from pipelines.explain.linear_weights import LinearModel, linear_model
from pipelines.explain.point_table import point_table
from pipelines.fit.fitting import choose, final_key
from pipelines.fit.store import FoldStore
from pipelines.question.folds import Fold, development_rows
from pipelines.question.study import AssembledStudy
from signature.learn.calibration import CalibratedProcedure
from signature.records.results import Estimate
from signature.records.signature import (
    Agreement,
    NearMarker,
    Neighbour,
    SignatureMarker,
    SignatureRecord,
)
from signature.select.marker_clusters import CUT, clusters, marker_values
from signature.select.selection_agreement import mean_jaccard, nogueira
from signature.select.stability_selection import FEWEST_MARKERS
from signature.study.schema import FeatureSchema

FILE_NAME = "signature.json"

SHOWN_NEAR = 10
"""Markers that did not pass and are listed all the same."""

_QUANTILE = 1.96


def keep_signature(study: AssembledStudy, store: FoldStore, folder: Path) -> None:
    """Write ``signature.json``, or remove one that is there where no contender selects."""
    found = signature_record(study, store)
    file = folder / FILE_NAME
    if found is None:
        file.unlink(missing_ok=True)
        return
    found.write(file)


def selecting_candidate(study: AssembledStudy, store: FoldStore) -> str | None:
    """Name the contender whose selection is reported, chosen as the final model or not.

    ``stable_signature`` where it takes part, else the first whose last step has a ``selector_``.
    """
    contenders = study.experiment.candidates.contenders
    key = final_key(study.folds)
    for name in sorted(contenders, key=lambda n: n != "stable_signature"):
        if hasattr(fitted_procedure(study, store, name, key).estimator_[-1], "selector_"):
            return name
    return None


def fitted_procedure(
    study: AssembledStudy, store: FoldStore, name: str, key: str
) -> CalibratedProcedure:
    """Read one candidate's fitted procedure."""
    return store.procedure(name, key, study.trusted_types(name))


def inner_outer_folds(study: AssembledStudy) -> list[Fold]:
    """Return the outer folds inside the development rows, of all repeats."""
    return [fold for fold in study.folds if fold.block == "internal"]


def signature_record(study: AssembledStudy, store: FoldStore) -> SignatureRecord | None:
    """Compute the record from fitted folds; None where no contender selects.

    The selection, the weights and the points are those of the fit on all development rows; the
    outer folds only say how far other rows of the same study agree.
    """
    candidate = selecting_candidate(study, store)
    if candidate is None:
        return None
    key = final_key(study.folds)
    contenders = study.experiment.candidates.contenders
    final = choose(store.load(name, key) for name in contenders).candidate
    procedure = fitted_procedure(study, store, candidate, key)
    cohort = study.cohort
    rows = development_rows(cohort, study.experiment.validation)
    X = cohort.X.iloc[rows]
    schema = cohort.schema
    told = linear_model(procedure, X)
    selector = procedure.estimator_[-1].selector_
    panel = list(selector.markers_)
    picked = selections(study, store, candidate, panel)
    in_folds = dict(zip(panel, picked.mean(axis=0).tolist(), strict=True))
    frequency = {
        name: _frequency(float(f), float(se))
        for name, f, se in zip(panel, selector.frequencies_, selector.standard_errors_, strict=True)
    }
    selected = sorted(selector.selected_, key=lambda n: -_value(frequency[n]))
    near = [n for n in panel if n not in selected and (_value(frequency[n]) > 0)]
    near.sort(key=lambda n: -_value(frequency[n]))
    together = clusters(marker_values(told.values, panel), selected, CUT)
    points, no_points = point_table(procedure, told, X, schema, selected)
    return SignatureRecord(
        experiment=study.experiment.name,
        fingerprint=store.run_fingerprint(study.candidates),
        candidate=candidate,
        candidate_label=study.candidates[candidate].LABEL,
        chosen=final == candidate,
        final_model=study.candidates[final].LABEL,
        event=study.outcome.event,
        n_rows=len(rows),
        n_events=int(cohort.outcome.to_numpy()[rows].sum()),
        panel_size=len(panel),
        learner=selector.learner,
        per_half=int(selector.per_half_),
        threshold=_finite(selector.threshold_),
        tested_each=len(panel) < FEWEST_MARKERS,
        level=selector.level,
        error=selector.error,
        bound=selector.bound,
        declared_bound=float(selector.declared_bound_) if selected else 0.0,
        alpha=selector.alpha,
        pvalue=_finite(selector.pvalue_),
        pairs=int(selector.n_pairs_),
        permutations=int(selector.n_permutations_),
        prognostic_score=bool(selector.prognostic_score_),
        most_markers=selector.max_markers,
        cluster_cut=CUT,
        markers=tuple(
            _marker(name, told, schema, frequency[name], in_folds[name], together[name])
            for name in selected
        ),
        near=tuple(
            NearMarker(
                name=name,
                label=schema[name].label,
                frequency=frequency[name],
                outer_folds=in_folds[name],
            )
            for name in near[:SHOWN_NEAR]
        ),
        agreement=agreement(picked),
        points=points,
        no_points=no_points,
    )


def selections(
    study: AssembledStudy, store: FoldStore, candidate: str, panel: list[str]
) -> np.ndarray:
    """Which outer folds selected which marker, bool of shape (n_folds, n_markers)."""
    chosen = [
        set(fitted_procedure(study, store, candidate, fold.key).estimator_[-1].selected_)
        for fold in inner_outer_folds(study)
    ]
    return np.array([[name in own for name in panel] for own in chosen], dtype=bool)


def agreement(picked: np.ndarray) -> Agreement:
    """Say how far selections agree.

    Parameters
    ----------
    picked : bool ndarray of shape (n_folds, n_markers)

    Examples
    --------
    >>> agreement(np.array([[True, False], [True, False]])).jaccard
    1.0
    >>> agreement(np.zeros((2, 3), dtype=bool)).selecting_nothing
    2
    """
    index = nogueira(picked) if len(picked) > 1 else None
    return Agreement(
        outer_folds=len(picked),
        selecting_nothing=int((~picked.any(axis=1)).sum()),
        mean_size=float(picked.sum(axis=1).mean()),
        jaccard=mean_jaccard(picked) if len(picked) > 1 else None,
        nogueira=None
        if index is None
        else Estimate(value=index.value, low=index.low, high=index.high),
    )


def _marker(
    name: str,
    told: LinearModel,
    schema: FeatureSchema,
    frequency: Estimate,
    outer_folds: float,
    neighbours: dict[str, float],
) -> SignatureMarker:
    per_sd, per_step, step, below = told.weights_of(name, schema[name])
    return SignatureMarker(
        name=name,
        label=schema[name].label,
        unit=schema[name].unit,
        scale=str(schema[name].scale),
        direction=1 if per_sd > 0 else -1 if per_sd < 0 else 0,
        per_sd=per_sd,
        per_step=per_step,
        step=step,
        below_limit=below,
        frequency=frequency,
        outer_folds=outer_folds,
        cluster=tuple(
            Neighbour(name=n, label=schema[n].label, correlation=r) for n, r in neighbours.items()
        ),
    )


def _frequency(value: float, error: float) -> Estimate:
    low, high = value - _QUANTILE * error, value + _QUANTILE * error
    return Estimate(value=value, low=max(0.0, low), high=min(1.0, high))


def _value(estimate: Estimate) -> float:
    assert estimate.value is not None
    return estimate.value


def _finite(value: Any) -> float | None:
    return float(value) if np.isfinite(value) else None
