"""Twenty shuffled runs, one of which reached 0.8, and a candidate that selected in three."""

from __future__ import annotations

from typing import Any

from pipelines.null_check.exact_intervals import exact_share, mean_count
from pipelines.null_check.summary import compare, spread
from signature.records.null_check import NullCheck, SelectionCheck


def null_record(real: float, **changes: Any) -> NullCheck:
    """A null check of the run that ``make_results`` makes, whose AUROC is ``real``."""
    aurocs = (*(0.40 + 0.01 * i for i in range(19)), 0.8)
    selection = SelectionCheck(
        candidate="stable",
        label="Stable <panel>",
        any_selected=exact_share(3, 20),
        markers=mean_count([0] * 17 + [1, 1, 2]),
        declared_bound=1.0,
        exceeded=False,
        outer_folds=2,
        outer_folds_selecting=0.25,
        final_model=exact_share(0, 20),
    )
    return NullCheck(
        experiment="opt_demo",
        fingerprint="e" * 64,
        run_fingerprint="f" * 64,
        contenders=("elastic_net", "shallow_xgboost"),
        references=("clinical_only",),
        runs=20,
        repeats=1,
        trials=5,
        own_trials=5,
        within=("site",),
        n_people=6,
        n_fixed=2,
        block="internal",
        aurocs=aurocs,
        differences=(0.0,) * 20,
        auroc=spread(aurocs),
        difference=spread([0.0] * 20),
        adds=exact_share(1, 20),
        selections=(selection,),
        comparison=compare(aurocs, real, real),
    ).model_copy(update=changes)
