"""What selection found: nothing, and two markers of which one has a stand-in."""

from __future__ import annotations

from typing import Any

from signature.records.equivalents import (
    Comparison,
    EquivalentsRecord,
    Replacement,
    StandIn,
    WithinReach,
)
from signature.records.results import Estimate
from signature.records.signature import (
    Agreement,
    Band,
    NearMarker,
    Neighbour,
    PointLine,
    PointScore,
    ScoreProbability,
    SignatureMarker,
    SignatureRecord,
)


def _estimate(value: float, half: float = 0.02) -> Estimate:
    return Estimate(value=value, low=value - half, high=value + half)


def nothing_passed(**changes: Any) -> SignatureRecord:
    """Of a panel of eight no marker passed, in the fit or in any fold."""
    return SignatureRecord(
        experiment="opt_demo",
        fingerprint="f" * 64,
        candidate="stable",
        candidate_label="Stable <signature>",
        chosen=False,
        final_model="Elastic-net logistic",
        event="gave birth before 37 weeks",
        n_rows=788,
        n_events=98,
        panel_size=8,
        learner="elastic_net",
        per_half=2,
        threshold=None,
        tested_each=False,
        level=0.25,
        error="pfer",
        bound="permutation",
        declared_bound=0.0,
        alpha=0.025,
        pvalue=0.31,
        pairs=25,
        permutations=50,
        prognostic_score=False,
        most_markers=10,
        cluster_cut=0.7,
        markers=(),
        near=(
            NearMarker(name="O61", label="Interleukin-6", frequency=_estimate(0.4), outer_folds=0),
        ),
        agreement=Agreement(
            outer_folds=4, selecting_nothing=4, mean_size=0.0, jaccard=1.0, nogueira=None
        ),
        points=None,
        no_points="no marker passed",
    ).model_copy(update=changes)


def two_passed(**changes: Any) -> SignatureRecord:
    """IL-6 and CRP passed; IL-6 goes with IL-8."""
    il6 = SignatureMarker(
        name="O61",
        label="Interleukin-6",
        unit="pg/mL",
        scale="log2",
        direction=1,
        per_sd=0.61,
        per_step=0.42,
        step="doubling",
        below_limit=-0.2,
        frequency=_estimate(0.95),
        outer_folds=0.75,
        cluster=(Neighbour(name="O81", label="Interleukin-8", correlation=0.81),),
    )
    crp = il6.model_copy(
        update={
            "name": "OCRP1",
            "label": "C-reactive protein",
            "direction": -1,
            "per_sd": -0.3,
            "per_step": None,
            "below_limit": None,
            "cluster": (),
        }
    )
    points = PointScore(
        lines=(
            PointLine(
                name="O61",
                label="Interleukin-6",
                unit="pg/mL",
                in_panel=True,
                bands=(
                    Band(low=None, high=5.0, points=-2),
                    Band(low=5.0, high=10.0, points=0),
                    Band(low=10.0, high=None, points=2),
                ),
                yes=None,
                below_limit=-3,
            ),
            PointLine(
                name="Black",
                label="Black",
                unit="",
                in_panel=False,
                bands=(),
                yes=1,
                below_limit=None,
            ),
        ),
        left_out=("Age",),
        band_in_sd=0.5,
        log_odds_per_point=0.3,
        probabilities=(
            ScoreProbability(score=-3, probability=0.05),
            ScoreProbability(score=3, probability=0.25),
        ),
        rank_correlation=0.97,
        loss=0.03,
        largest_loss=0.02,
    )
    told = {
        "markers": (il6, crp),
        "threshold": 0.9,
        "declared_bound": 0.21,
        "pvalue": 0.005,
        "agreement": Agreement(
            outer_folds=4, selecting_nothing=1, mean_size=1.5, jaccard=0.5, nogueira=_estimate(0.6)
        ),
        "points": points,
        "no_points": "",
        "near": (),
    }
    return nothing_passed(**(told | changes))


def stand_ins(**changes: Any) -> EquivalentsRecord:
    """IL-8 may stand in for IL-6; a partner has IL-8 alone."""
    same = Comparison(auroc=_estimate(0.0, 0.01), log_loss=_estimate(0.001), equivalent=True)
    worse = Comparison(auroc=_estimate(-0.05), log_loss=_estimate(0.02), equivalent=False)
    return EquivalentsRecord(
        experiment="opt_demo",
        fingerprint="f" * 64,
        candidate="stable",
        markers=("O61", "OCRP1"),
        margin=0.02,
        cluster_cut=0.7,
        outer_folds=4,
        own_folds=3,
        bootstraps=2000,
        auroc=_estimate(0.7),
        stand_ins=(
            StandIn(
                marker="O61",
                label="Interleukin-6",
                stand_in="O81",
                stand_in_label="Interleukin-8",
                clustered=1.0,
                comparison=same,
            ),
        ),
        within_reach=WithinReach(
            measured=("O81",),
            priced=True,
            markers=("O81",),
            labels=("Interleukin-8",),
            replaced=(
                Replacement(
                    marker="O61",
                    label="Interleukin-6",
                    stand_in="O81",
                    stand_in_label="Interleukin-8",
                ),
                Replacement(
                    marker="OCRP1", label="C-reactive protein", stand_in=None, stand_in_label=None
                ),
            ),
            cost=3.5,
            own_cost=None,
            comparison=worse,
        ),
    ).model_copy(update=changes)
