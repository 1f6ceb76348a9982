"""What the predicted benefit of held-out people goes by: SHAP by family and by feature."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pipelines.explain.contribution_summary import by_level
from pipelines.explain.held_out_shap import percentile_ranks
from pipelines.trials.crossfit import TrialPredictions
from pipelines.trials.study import TrialStudy, compared
from signature.effect.trial_record import BenefitExplained, FamilyShare, FeatureShare, LevelPart
from signature.effect.visits.visit_lines import FEWEST
from signature.study.schema import Scale


def explained_benefit(study: TrialStudy, held_out: TrialPredictions) -> BenefitExplained | None:
    """Boil the parts of the headline's predicted benefit down to what may be shown.

    Returns
    -------
    BenefitExplained or None
        None where no feature has a part in it.
    """
    if held_out.parts is None:
        return None
    schema, rows = study.trial.cohort.schema, compared(study)
    parts = pd.DataFrame(held_out.parts[rows, :-1], columns=list(schema.features))
    mean = parts.abs().mean()
    used = [str(name) for name in mean[mean > 0].sort_values(ascending=False, kind="stable").index]
    if not used:
        return None
    ranks = percentile_ranks(study.trial.cohort.X).iloc[rows].reset_index(drop=True)
    family = {name: schema[name].group for name in used}
    by_family = parts[used].rename(columns=family).T.groupby(level=0).sum().T.abs().mean()
    return BenefitExplained(
        families=[
            FamilyShare(
                family=str(name),
                features=sum(own == name for own in family.values()),
                mean=float(value),
            )
            for name, value in by_family.sort_values(ascending=False, kind="stable").items()
        ],
        features=[
            FeatureShare(
                feature=name,
                family=family[name],
                panel=name in schema.panel,
                mean=float(mean[name]),
                ends=_ends(parts[name].to_numpy(), ranks[name], schema[name].scale is Scale.YES_NO),
            )
            for name in used
        ],
    )


def _ends(part: np.ndarray, rank: pd.Series, yes_no: bool) -> list[LevelPart]:
    """Mean parts of those lowest and highest in a feature, of levels with enough people."""
    measured = rank.notna().to_numpy()
    lines = by_level(pd.DataFrame({"percentile": rank[measured], "contribution": part[measured]}))
    enough = [line for line in lines if line.n >= FEWEST]
    if len(enough) < 2:
        return []
    names = ("no", "yes") if yes_no else (enough[0].level, enough[-1].level)
    return [
        LevelPart(level=name, mean=line.mean)
        for name, line in zip(names, (enough[0], enough[-1]), strict=True)
    ]
