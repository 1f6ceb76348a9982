"""Experiment files of small trials, for tests that run or assemble them."""

from pathlib import Path

TRIAL = """
title = "A simulated trial for the tests"
question = "Who gains from interleukin-2?"
caution = "A small run for the tests, not for anything else."
seed = 5
[trial]
dataset = "simulated_il2_trial"
endpoint = "simulated_activity_day_85"
control = "placebo"
treated = "interleukin-2"
ratio = { "placebo" = 1, "interleukin-2" = 2 }
where = { site = ["site 1"] }
missing = "inverse probability"
markers = ["TNF"]
test = "minimum of these"
[features]
baseline = ["disease activity", "smoking"]
panel = ["cytokine", "cell subset"]
exclude = ["IL1B", "IL10", "IFNG", "IL17A", "IL18", "IL1RN"]
[candidates]
headline = "effect_modified_covariate"
others = ["effect_dr_learner"]
[crossfitting]
folds = 3
repeats = 1
rearrangements = 99
most_rearrangements = 99
draws = 200
[moderators]
smoker = []
regulatory_t_cells = [4]
[early]
label = "day 5"
day = 5
later = { regulatory_t_cells = "regulatory_t_cells_day_5" }
scale = "log2 ratio"
"""
"""Of the 202 simulated people of one site, with what is cheapest of everything."""

SMALL = TRIAL.replace("simulated_il2_trial", "simulated_il2_small").replace(
    'where = { site = ["site 1"] }', 'strata = ["site"]'
)
"""Of 36 people in two sites, within which they were randomised."""


def write_trial(folder: Path, text: str = TRIAL, name: str = "trial") -> Path:
    """Write an experiment file and return its path."""
    file = folder / f"{name}.toml"
    file.write_text(text, encoding="utf-8")
    return file


def changed(old: str, new: str, text: str = TRIAL) -> str:
    """Return the text with one thing changed, which must be there."""
    assert old in text
    return text.replace(old, new, 1)
