"""Trials: their people, arms and outcomes, against published numbers, and what is refused."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from signature.datasets import (
    actg175,
    antidepressant_trial,
    breast_cancer_recovery,
    simulated_il2_trial,
)
from signature.effect.trial.outcome_imputation import pooled
from signature.effect.trial.trial import make_trial
from signature.endpoints import (
    cd4_week_20,
    cesd_nine_months,
    hamd17_week_6,
    progression_by_two_years,
    simulated_activity_day_85,
)
from signature.exceptions import (
    AllocationError,
    CohortError,
    DataFolderNotSetError,
    OutcomeError,
    TrialError,
)

IL2 = {"placebo": 1, "interleukin-2": 2}


def made(cohort, endpoint=simulated_activity_day_85, **told):
    asked = {"control": "placebo", "ratio": IL2, "seed": 1} | told
    return make_trial(cohort, endpoint.ENDPOINT, endpoint.derive(cohort.records), **asked)


@pytest.fixture(scope="module")
def simulated():
    return simulated_il2_trial.draw(120).cohort


def read(dataset):
    try:
        return dataset.load()
    except DataFolderNotSetError as error:
        pytest.skip(str(error))


def difference(trial, treated=1):
    """Mean of the arm less that of the control among known, with its standard error."""
    a, b = (trial.outcome[trial.known & (trial.code == k)] for k in (treated, 0))
    return a.mean() - b.mean(), np.sqrt(a.var(ddof=1) / len(a) + b.var(ddof=1) / len(b))


def test_actg_175_gives_the_published_effect_on_cd4():
    cohort = read(actg175)
    others = [a for a in sorted(set(cohort.arm)) if a != "zidovudine"]
    trial = made(
        cohort,
        cd4_week_20,
        control="zidovudine",
        ratio={"zidovudine": 1, "others": 3},
        arms={"zidovudine": ["zidovudine"], "others": others},
        strata=["antiretroviral_history"],
    )
    value, error = difference(trial)
    assert (value, error) == (pytest.approx(46.81, abs=0.005), pytest.approx(6.76, abs=0.005))
    assert trial.arms == ("zidovudine", "others")
    assert [f.randomised for f in trial.flow] == [532, 1607]
    assert trial.allocation[0].tolist() == [0.25, 0.75]
    assert len(set(trial.strata)) == 3
    assert trial.covariates[:, 0] == pytest.approx(cohort.X["cd4_t_cells"])


def test_actg_175_progression_is_weighted_for_censoring_to_kaplan_meier():
    cohort = read(actg175)
    ratio = dict.fromkeys(sorted(set(cohort.arm)), 1)
    trial = made(cohort, progression_by_two_years, control="zidovudine", ratio=ratio)
    follow_up = progression_by_two_years.derive(cohort.records)
    for k, arm in enumerate(trial.arms):
        own = trial.code == k
        time, event = (follow_up.loc[own, c].to_numpy() for c in ("time", "event"))
        survival = 1.0
        for day in np.unique(time[(event == 1) & (time <= 730)]):
            survival *= 1 - ((time == day) & (event == 1)).sum() / (time >= day).sum()
        weighted = np.average(
            trial.outcome[own & trial.known], weights=trial.weight[own & trial.known]
        )
        assert weighted == pytest.approx(1 - survival, abs=2e-3), arm
        assert trial.flow[k].unknown == {
            "end of observation before the horizon": int((own & ~trial.known).sum())
        }


def test_the_antidepressant_trial_gives_the_published_effect_of_completers():
    trial = made(read(antidepressant_trial), hamd17_week_6, ratio={"placebo": 1, "drug": 1})
    # adjusted for the baseline score, as it was published
    own, ones = trial.known, np.ones(trial.known.sum())
    X = np.column_stack([trial.code[own] == 0, trial.covariates[own], ones]).astype("float64")
    coefficient, (left,), *_ = np.linalg.lstsq(X, trial.outcome[own], rcond=None)
    error = np.sqrt(left / (len(ones) - 3) * np.linalg.inv(X.T @ X)[0, 0])
    assert coefficient[0] == pytest.approx(2.66, abs=0.005)
    assert coefficient[0] - 1.98 * error == pytest.approx(0.33, abs=0.02)
    assert [f.known for f in trial.flow] == [65, 64]


def test_imputed_outcomes_keep_the_known_and_widen_the_interval():
    cohort = read(antidepressant_trial)
    ratio = {"placebo": 1, "drug": 1}
    plain = made(cohort, hamd17_week_6, ratio=ratio)
    trial = made(cohort, hamd17_week_6, ratio=ratio, missing="multiple imputation")
    assert plain.imputed is None
    assert trial.imputed.shape == (20, 172)
    assert (trial.imputed[:, trial.known] == trial.outcome[trial.known]).all()
    assert [f.analysed for f in trial.flow] == [88, 84]
    drug = trial.code == 1
    means = trial.imputed[:, drug].mean(axis=1) - trial.imputed[:, ~drug].mean(axis=1)
    variances = [y[drug].var(ddof=1) / 84 + y[~drug].var(ddof=1) / 88 for y in trial.imputed]
    found = pooled(means, np.array(variances))
    assert found.standard_error > np.sqrt(np.mean(variances))
    assert -4.5 < found.value < -0.5


def test_the_breast_cancer_trial_gives_the_mean_reductions_of_its_source():
    cohort = read(breast_cancer_recovery)
    trial = made(
        cohort,
        cesd_nine_months,
        control="standard care",
        ratio={"standard care": 1, "education": 1, "nutrition": 1},
    )
    reduction = trial.covariates[:, 0] - trial.outcome
    found = {
        arm: reduction[trial.known & (trial.code == k)].mean() for k, arm in enumerate(trial.arms)
    }
    assert found == {
        "standard care": pytest.approx(-0.18, abs=0.006),
        "education": pytest.approx(0.67, abs=0.006),
        "nutrition": pytest.approx(2.36, abs=0.006),
    }
    assert sum(f.randomised - f.known for f in trial.flow) == 28


def test_everybody_randomised_is_counted_and_nobody_is_printed(simulated):
    trial = made(simulated)
    assert repr(trial) == "Trial('simulated disease activity at day 85', 120 people, 2 arms)"
    assert [(f.arm, f.randomised) for f in trial.flow] == [("placebo", 40), ("interleukin-2", 80)]
    for line in trial.flow:
        assert line.known + sum(line.unknown.values()) == line.randomised
        assert line.analysed == line.known
    assert (trial.weight == trial.known).all()
    assert trial.balance.p == 1.0
    assert any("left out of estimates" in note for note in trial.notes)


def test_weights_stand_for_the_lost(simulated):
    trial = made(simulated, missing="inverse probability")
    for k in (0, 1):
        own = trial.code == k
        assert trial.weight[own].sum() == pytest.approx(own.sum())
    assert (trial.weight[~trial.known] == 0).all()


def test_weighting_finds_the_truth_that_complete_cases_miss():
    """Of the severe in the treated arm most are lost, and the severe gain more."""
    found = {"complete": [], "inverse probability": []}
    for seed in range(12):
        cohort = simulated_il2_trial.draw(1200, seed=seed).cohort
        severe = (cohort.X["activity"] - 24) / 5
        treated = cohort.arm == "interleukin-2"
        rng = np.random.default_rng(seed)
        y = severe * (1 + 2 * ~treated) + rng.normal(size=1200)
        lost = treated & (rng.random(1200) < 1 / (1 + np.exp(-1.5 * severe)))
        cohort = replace(cohort, records=cohort.records.assign(activity_day_85=y.mask(lost)))
        for missing, values in found.items():
            trial = made(cohort, missing=missing)
            own = trial.known & (trial.code == 1)
            values.append(np.average(trial.outcome[own], weights=trial.weight[own]))
    assert np.mean(found["complete"]) < -0.3
    assert abs(np.mean(found["inverse probability"])) < 0.12


def test_reasons_of_the_unknown_are_counted(simulated):
    lost = simulated.records["activity_day_85"].isna()
    reasons = pd.Series(np.where(lost, "moved away", None), index=simulated.X.index, dtype=object)
    reasons[lost[lost].index[0]] = None
    trial = made(simulated, reasons=reasons)
    counted = pd.DataFrame([f.unknown for f in trial.flow]).sum()
    assert counted.to_dict() == {"moved away": lost.sum() - 1, "not measured": 1}


def test_arms_that_are_not_compared_are_counted():
    cohort = read(actg175)
    ratio = {"zidovudine": 1, "didanosine": 1}
    trial = made(
        cohort, cd4_week_20, control="zidovudine", ratio=ratio, arms={a: [a] for a in ratio}
    )
    assert trial.cohort.flow[-1].removed == 522 + 524
    assert len(trial.code) == 532 + 561


def arm_of(cohort, values):
    return replace(cohort, arm=pd.Series(values, index=cohort.X.index, name="arm"))


def test_what_is_no_trial_is_refused(simulated):
    arm = simulated.arm.to_numpy(dtype=object)
    with pytest.raises(AllocationError, match="no trial"):
        made(replace(simulated, arm=None))
    gap = arm.copy()
    gap[:3] = None
    with pytest.raises(AllocationError, match="missing in 3"):
        made(arm_of(simulated, gap))
    third = arm.copy()
    third[:3] = "surgery"
    with pytest.raises(AllocationError, match="'surgery' has 3"):
        made(arm_of(simulated, third))
    with pytest.raises(AllocationError, match="control 'sham'"):
        made(simulated, control="sham")
    with pytest.raises(AllocationError, match="name the same arms"):
        made(simulated, ratio={"placebo": 1, "il2": 2})
    with pytest.raises(AllocationError, match="nobody was randomised to 'il2'"):
        made(simulated, arms={"placebo": ["placebo"], "interleukin-2": ["il2"]})
    with pytest.raises(AllocationError, match="pooled into two"):
        made(simulated, arms={"placebo": ["placebo"], "interleukin-2": ["placebo"]})


def test_a_person_in_two_rows_or_two_arms_is_refused(simulated):
    subject = simulated.subject.copy()
    visit = pd.Series("V1", index=subject.index)
    arms = simulated.arm.to_numpy()
    same = np.flatnonzero(arms == arms[0])[1]
    other = np.flatnonzero(arms != arms[0])[0]
    for row, message in ((same, "1 rows are of a person"), (other, "rows in two arms")):
        twice, when = subject.copy(), visit.copy()
        twice.iloc[row], when.iloc[row] = subject.iloc[0], "V2"
        with pytest.raises(AllocationError, match=message) as caught:
            made(replace(simulated, subject=twice, visit=when))
        assert subject.iloc[0] not in str(caught.value)


def test_features_after_randomisation_are_refused(simulated):
    later = simulated.schema["regulatory_t_cells"]
    column = replace(later, name="regulatory_t_cells_day_5")
    schema = replace(simulated.schema, columns=(*simulated.schema.columns, column))
    X = simulated.X.assign(**{column.name: simulated.records[column.name]})
    with pytest.raises(TrialError, match="'regulatory_t_cells_day_5' came later"):
        made(replace(simulated, schema=schema, X=X[list(schema.names)]))


def test_a_ratio_that_the_arms_contradict_is_warned_of(simulated):
    with pytest.warns(UserWarning, match="contradict the declared ratio"):
        trial = made(simulated, ratio={"placebo": 2, "interleukin-2": 1})
    assert trial.balance.p < 1e-9


def test_strata_must_be_recorded_of_everybody(simulated):
    with pytest.raises(CohortError, match="no recorded column 'centre'"):
        made(simulated, strata=["centre"])
    with pytest.raises(CohortError, match="activity_day_85 is missing"):
        made(simulated, strata=["activity_day_85"])


def test_an_outcome_that_tells_nothing_is_refused(simulated):
    nobody = simulated.records.assign(
        activity_day_85=simulated.records["activity_day_85"].mask(simulated.arm == "placebo")
    )
    with pytest.raises(OutcomeError, match="nobody of 40 people in arm 'placebo'"):
        made(replace(simulated, records=nobody))
    with pytest.raises(OutcomeError, match="the same in all"):
        made(replace(simulated, records=simulated.records.assign(activity_day_85=1.0)))
