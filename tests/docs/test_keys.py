"""Every key of a file that users write is documented, with its default, and examples are valid."""

from collections.abc import Iterator
from typing import Any, get_args

import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from pipelines.question import experiment as question
from pipelines.trials import experiment as trial
from signature.assay import dictionary, layout, rules
from signature.assay.dictionary import load_dictionary
from tests.made.checkout import REPO
from tests.made.pages import DOCS, files_in, quoted, rows, sections

QUESTIONS = {
    "At the top": question.Experiment,
    "`[data]`": question.Data,
    "`[features]`": question.Features,
    "`[assay]`": question.Assay,
    "`[candidates]`": question.Candidates,
    "`[validation]`": question.Validation,
    "`[tuning]`": question.Tuning,
    "`[decision]`": question.Decision,
    "`[claim]`": question.Claim,
    "`[gate]`": question.Gate,
    "`[tracking]`": question.Tracking,
}
TRIALS = {
    "At the top": trial.TrialExperiment,
    "`[trial]`": trial.TrialDesign,
    "`[candidates]`": trial.EffectCandidates,
    "`[crossfitting]`": trial.CrossFitting,
    "`[early]`": trial.Early,
    "`[next_trial]`": trial.NextTrial,
    "`[plan]`": trial.TrialPlan,
}
FILES = {
    "At the top": dictionary.Dictionary,
    "`[[assays]]`": dictionary.AssayText,
    "`[assays.layout]`": layout.Layout,
    "`[assays.layout.limits]`": layout.Limits,
    "`[assays.markers]`": dictionary.MarkerText,
    "`[assays.rules]`": rules.Rules,
    "`[people]`": dictionary.PeopleText,
    "`[people.clinical]`": dictionary.ClinicalText,
    "`[outcome]`": dictionary.OutcomeText,
}
DOCUMENTED = [
    (page, heading, model)
    for page, models in (("questions", QUESTIONS), ("trials", TRIALS), ("laboratory_files", FILES))
    for heading, model in models.items()
]
OF_ANY_EXPERIMENT = {"title", "question", "caution", "seed", "features", "assay"}


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """The tables that a value may be, or hold."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from models_in(part)


def reachable(model: type[BaseModel]) -> set[type[BaseModel]]:
    """A table and all tables in it."""
    inner = {m for f in model.model_fields.values() for m in models_in(f.annotation)}
    return {model}.union(*(reachable(m) for m in inner))


def told(field: FieldInfo) -> str:
    """How a page prints the default of a key."""
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    if value is None:
        return "–"
    if isinstance(value, BaseModel) or value in ((), {}):
        return "none"
    return f"`{toml(value)}`"


def toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return f"[{', '.join(map(toml, value))}]"
    return f'"{value}"' if isinstance(value, str) else repr(value)


@pytest.mark.parametrize(("page", "heading", "model"), DOCUMENTED)
def test_every_key_is_documented_with_its_default(page, heading, model):
    under = sections(DOCS / f"{page}.md")
    found = {quoted(key)[0]: default for key, default, _ in rows(under[heading])}
    fields = {name: field for name, field in model.model_fields.items() if name != "name"}
    if model is dictionary.OutcomeText:
        fields["name"] = model.model_fields["name"]
    elsewhere = OF_ANY_EXPERIMENT if model is trial.TrialExperiment else set()
    # a table of its own may stand under its own heading
    elsewhere = elsewhere | {n for n in fields if f"`[{n}]`" in under and n not in found}
    assert found == {n: told(f) for n, f in fields.items() if n not in elsewhere}


def test_no_table_is_left_out():
    assert reachable(question.Experiment) == set(QUESTIONS.values())
    assert reachable(trial.TrialExperiment) == {
        *TRIALS.values(), question.Features, question.Assay,
    }  # fmt: skip
    assert reachable(dictionary.Dictionary) | {rules.Rules} == set(FILES.values())


def test_what_trials_share_is_what_questions_explain():
    shared = trial.TrialExperiment.model_fields
    for name in OF_ANY_EXPERIMENT:
        assert shared[name].annotation == question.Experiment.model_fields[name].annotation


def test_the_example_experiment_is_one_and_holds_every_table(tmp_path):
    (block,) = files_in(DOCS / "questions.md").values()
    file = tmp_path / "my_question.toml"
    file.write_text(block, encoding="utf-8")
    read = question.load_experiment(file)
    assert read.validation.site == "hospital"
    # what is commented out is an example, too: all keys stand there but those of candidates
    for model in set(QUESTIONS.values()) - {question.Experiment, question.Candidates}:
        assert [n for n in model.model_fields if f"{n} = " not in block] == []


def test_the_example_trial_is_one(tmp_path):
    (block,) = files_in(DOCS / "trials.md").values()
    file = tmp_path / "my_trial.toml"
    file.write_text(block, encoding="utf-8")
    assert trial.load_trial(file).candidates.headline.startswith("effect_")


def test_the_example_dictionary_is_one(tmp_path):
    text = (DOCS / "laboratory_files.md").read_text(encoding="utf-8")
    (block,) = (b.split("```")[0] for b in text.split("```toml\n") if b.startswith("# study.toml"))
    file = tmp_path / "study.toml"
    file.write_text(block, encoding="utf-8")
    read = load_dictionary(file)
    assert read.people.site == "Hospital"
    assert (REPO / "signature" / "assay" / "readers" / f"{read.assays[0].format}.py").is_file()


def test_every_format_is_documented():
    formats = {quoted(row[0])[0] for row in rows(sections(DOCS / "laboratory_files.md")["Formats"])}
    readers = (REPO / "signature" / "assay" / "readers").glob("[a-z]*.py")
    assert formats == {file.stem for file in readers}
