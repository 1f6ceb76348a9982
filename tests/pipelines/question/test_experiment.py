"""Experiment files: what is wrong with one is said by key, and every shipped one fits its data."""

import pytest

from pipelines.question.experiment import load_experiment
from pipelines.trials.experiment import is_trial
from signature.exceptions import ExperimentError
from tests.made.checkout import EXPERIMENTS

SHIPPED = [file for file in sorted(EXPERIMENTS.glob("*.toml")) if not is_trial(file)]

GOOD = """
title = "t"
question = "q?"
caution = "Nothing here is real, and nothing follows."
seed = 1
[data]
dataset = "opt"
outcome = "preterm_birth"
[features]
baseline = ["demographics"]
panel = ["cytokine"]
[validation]
site = "clinic"
[claim]
design = "prospective"

[gate]
auroc_at_least = 0.65
"""

# What each shipped experiment analyses: rows, events, sites.
COUNTS = {
    "covid_icu_combat": (349, 96, 2),
    "covid_icu_combat_plates": (349, 96, 2),
    "covid_icu_shifted": (349, 96, 2),
    "covid_icu_three_hospitals": (349, 96, 2),
    "infliximab_nonresponse": (24, 9, 0),
    "nhanes_inadequate_response": (2115, 770, 6),
    "nhanes_inadequate_response_depression": (576, 266, 2),
    "nhanes_public_inadequate_response": (2115, 770, 6),
    "opt_periodontal_nonresponse": (320, 221, 4),
    "opt_preterm_birth": (812, 101, 4),
    "simulated_signature": (600, 208, 4),
}


@pytest.fixture
def read(tmp_path):
    """Return a function that reads an experiment from a text."""

    def load(text):
        path = tmp_path / "mine.toml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))
        return load_experiment(path)

    return load


def test_a_good_file_is_read_with_defaults(read):
    experiment = read(GOOD)
    assert experiment.name == "mine"
    assert experiment.data.where == {}
    assert experiment.gate.adds_to_reference
    assert experiment.candidates.references == ("clinical_only", "clinical_xgboost")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("seed = 1", "sed = 1", "unknown key 'sed'; did you mean 'seed'"),
        ("panel =", "panle =", "unknown key 'features.panle'; did you mean 'panel'"),
        ("auroc_at_least", "auc", "unknown key 'gate.auc'"),
        ("seed = 1", "", "key 'seed' is missing"),
        ('outcome = "preterm_birth"', "", "key 'data.outcome' is missing"),
        ('title = "t"', "", "key 'title' is missing"),
        ("[gate]\nauroc_at_least = 0.65", "", "key 'gate' is missing"),
        ("seed = 1", 'seed = "1"', "seed: Input should be a valid integer"),
        ("seed = 1", "seed = -1", "seed: "),
        ("0.65", "0.5", "gate.auroc_at_least: Input should be greater than 0.5"),
        ("0.65", "1.0", "gate.auroc_at_least: Input should be less than 1"),
        ('["cytokine"]', "[]", "features.panel: "),
        ('["cytokine"]', '"cytokine"', "features.panel: "),
        ('"opt"', '"../opt"', "data.dataset: String should match pattern"),
        ('site = "clinic"', "folds = 1", "validation.folds: "),
        ('site = "clinic"', 'develop_on = ["a"]', "given together or not at all"),
        (
            'site = "clinic"',
            'develop_on = ["a"]\ntest_on = ["b"]',
            "so site must say which column",
        ),
        (
            'site = "clinic"',
            'site = "clinic"\ndevelop_on = ["a"]\ntest_on = ["a"]',
            "both develop_on and test_on: a",
        ),
        (
            "[gate]",
            '[candidates]\nbaselines = ["elastic_net"]\n[gate]',
            "named twice: elastic_net",
        ),
        (
            "[gate]",
            '[candidates]\ncontenders = ["elastic_net", "elastic_net"]\n[gate]',
            "named twice: elastic_net",
        ),
        ("seed = 1", 'seed = 1\nname = "x"', "take out 'name'"),
        ("seed = 1", "seed == 1", "is not valid TOML"),
    ],
)
def test_what_is_wrong_is_said_by_key(read, old, new, message):
    assert old in GOOD
    with pytest.raises(ExperimentError, match=message) as caught:
        read(GOOD.replace(old, new))
    assert "mine.toml" in str(caught.value)
    assert caught.value.__cause__ is None


def test_every_problem_is_named_at_once(read):
    with pytest.raises(ExperimentError, match="unknown key 'sed'") as caught:
        read(GOOD.replace("seed", "sed").replace("0.65", "2.0"))
    assert "key 'seed' is missing" in str(caught.value)
    assert "gate.auroc_at_least" in str(caught.value)


def test_a_file_in_another_encoding_is_refused(read):
    with pytest.raises(ExperimentError, match="is not UTF-8 text"):
        read(GOOD.replace("t", "\xfc").encode("latin-1"))


def test_a_missing_file_lists_the_others(tmp_path):
    (tmp_path / "other.toml").write_text(GOOD)
    with pytest.raises(ExperimentError, match=r"no experiment file .*mine.toml.* has: other.toml"):
        load_experiment(tmp_path / "mine.toml")


def test_the_digest_holds_what_decides_the_numbers(read):
    digest = read(GOOD).digest
    for old, new in [('"t"', '"other"'), ("q?", "why?"), ("0.65", "0.9")]:
        assert read(GOOD.replace(old, new)).digest == digest
    for old, new in [("seed = 1", "seed = 2"), ("cytokine", "chemokine"), ("clinic", "arm")]:
        assert read(GOOD.replace(old, new)).digest != digest


# The experiments of the repository


def test_the_shipped_experiments_are_all_counted_here():
    assert [path.stem for path in SHIPPED if path.stem in COUNTS] == sorted(COUNTS)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda p: p.stem)
def test_a_shipped_experiment_says_what_it_cannot_show(path):
    experiment = load_experiment(path)
    assert experiment.question.endswith("?")
    assert len(experiment.caution) > 60


@pytest.mark.parametrize("path", SHIPPED, ids=lambda p: p.stem)
def test_a_shipped_experiment_fits_its_data(cohort_of, with_outcome, path):
    experiment = load_experiment(path)
    cohort = cohort_of(experiment.data.dataset).where(experiment.data.where)
    cohort = with_outcome(cohort, experiment.data.outcome)
    schema = cohort.schema.choose(
        baseline=experiment.features.baseline,
        panel=experiment.features.panel,
        exclude=experiment.features.exclude,
    )
    assert schema.baseline
    assert schema.panel
    plan = experiment.validation
    sites = set()
    if plan.site is not None:
        cohort = cohort.at_sites(plan.site)
        sites = set(cohort.site)
        assert {*plan.develop_on, *plan.test_on} <= sites
        # A site with one class cannot be judged.
        assert (cohort.outcome.groupby(cohort.site).nunique() == 2).all()
        if path.stem in COUNTS:
            counts = (len(cohort), int(cohort.outcome.sum()), len(sites))
            assert counts == COUNTS[path.stem]
        _check_learnable(cohort.with_features(schema))


def _check_learnable(cohort):
    """What is tested in a site was measured somewhere else: a model can only use what it saw."""
    for site in set(cohort.site):
        for feature in cohort.schema.features:
            here = cohort.X.loc[cohort.site == site, feature].notna().any()
            elsewhere = cohort.X.loc[cohort.site != site, feature].notna().any()
            assert elsewhere or not here, f"{feature} was measured at {site} only"
