"""The examples of docs/extending.md, put where they say they belong, and run."""

import importlib
import sys
from importlib.readers import MultiplexedPath
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import optuna
import pandas as pd
import pytest

from pipelines.fit.results_folder import Results
from pipelines.question.assembly import assemble
from pipelines.question.experiment import load_experiment
from pipelines.question.study import CANDIDATE_EXPORTS
from pipelines.report.render import SECTION_EXPORTS, render_section, template_of
from signature import discovery, panels
from signature.assay.study import read_study
from signature.endpoints import Endpoint
from signature.learn.calibration import CalibratedProcedure
from signature.learn.contributions import contributions
from signature.serve.persistence import load_procedure, save_procedure
from signature.study.schema import BELOW
from tests.made.pages import DOCS, blocks, files_in
from tests.signature.datasets import test_datasets

pytest_plugins = ["tests.made.serving_fixtures"]

PAGE = DOCS / "extending.md"
EXAMPLES = files_in(PAGE)
PEOPLE = 90


@pytest.fixture
def placed(tmp_path, monkeypatch) -> Path:
    """A folder with every example at its place, which the packages take for their own."""
    for name, content in EXAMPLES.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content, encoding="utf-8")
    packages = {Path(name).parent for name in EXAMPLES if name.endswith(".py")}
    packages = {p.parent if p.name == "my_section" else p for p in packages}
    for folder in packages:
        package = importlib.import_module(".".join(folder.parts))
        monkeypatch.setattr(package, "__path__", [*package.__path__, str(tmp_path / folder)])
    both = MultiplexedPath(Path(panels.__file__).parent, tmp_path / "signature" / "panels")
    monkeypatch.setattr(panels, "resources", SimpleNamespace(files=lambda name: both))
    before = set(sys.modules)
    data = tmp_path / "data" / "my_study"
    data.mkdir(parents=True)
    table().to_csv(data / "data.csv", index=False)
    monkeypatch.setenv("SIGNATURE_DATA", str(data.parent))
    yield tmp_path
    for name in set(sys.modules) - before:
        if ".my_" in name:
            del sys.modules[name]


def table() -> pd.DataFrame:
    """The file of the example's study: two hospitals, IL-6 below its limit in every fifth row."""
    rng = np.random.default_rng(3)
    score = rng.integers(2, 15, PEOPLE).astype(float)
    score[::30] = np.nan
    il6 = rng.lognormal(1, 1, PEOPLE).clip(0.3, 900).round(2)
    limited = np.arange(PEOPLE) % 5 == 0
    return pd.DataFrame(
        {
            "id": [f"p{n}" for n in range(PEOPLE)],
            "hospital": np.where(np.arange(PEOPLE) % 3 == 0, "X", "Y"),
            "arm": np.where(np.arange(PEOPLE) % 9 == 0, "placebo", "drug"),
            "hamd_week6": score,
            "age": rng.integers(20, 80, PEOPLE),
            "smoker": rng.integers(0, 2, PEOPLE),
            "IL6": np.where(limited, np.nan, il6),
            "IL6__below": np.where(limited, 0.3, np.nan),
            "TNF": rng.lognormal(2, 1, PEOPLE).clip(0.1, 900).round(2),
            "CRP": rng.lognormal(0, 1, PEOPLE).clip(0.02, 300).round(2),
        }
    )


def example(package: str, name: str) -> ModuleType:
    """Import an example as the software finds it."""
    return discovery.load(package, name, [])


def test_every_block_is_a_file_that_is_tried_here():
    assert len(EXAMPLES) == sum(len(blocks(PAGE, kind)) for kind in ("python", "toml", "html"))
    assert set(EXAMPLES) == {
        "signature/panels/my_panel.toml",
        "signature/datasets/my_study.py",
        "signature/outcomes/my_nonresponse.py",
        "signature/endpoints/my_endpoint.py",
        "signature/assay/readers/my_format.py",
        "models/my_model.py",
        "experiments/my_question.toml",
        "pipelines/report/sections/my_section/__init__.py",
        "pipelines/report/sections/my_section/page.html",
    }


def test_the_panel_brings_units_and_a_limit(placed):
    columns = {c.name: c for c in panels.load("my_panel")}
    assert list(columns) == ["IL6", "IL6__below", "TNF", "CRP"]
    assert (columns["CRP"].unit, columns["TNF"].unit) == ("mg/L", "pg/mL")
    assert (columns["CRP"].high, columns["IL6"].high) == (500, 10_000)


CONTRACT = [
    check
    for name, check in vars(test_datasets).items()
    if name.startswith("test_")
    and check.__code__.co_varnames[: check.__code__.co_argcount] == ("cohort_of", "name")
]


def test_the_data_set_keeps_the_contract_of_all_data_sets(placed):
    cohort = example("signature.datasets", "my_study").load()
    assert list(cohort.X) == ["age", "smoker", "IL6", "IL6__below", "TNF", "CRP"]
    assert cohort.X["IL6" + BELOW].notna().sum() == 18
    assert len(CONTRACT) >= 6
    for check in CONTRACT:
        check(lambda name: cohort, "my_study")


def test_the_outcome_is_missing_where_it_is_not_known(placed):
    cohort = example("signature.datasets", "my_study").load()
    module = example("signature.outcomes", "my_nonresponse")
    values = module.derive(cohort.records)
    score = table()["hamd_week6"]
    assert values.isna().sum() == 3
    assert (values[score.notna()] == (score[score.notna()] >= 8)).all()
    assert module.OUTCOME.definition


def test_the_endpoint_is_the_score(placed):
    cohort = example("signature.datasets", "my_study").load()
    module = example("signature.endpoints", "my_endpoint")
    assert isinstance(module.ENDPOINT, Endpoint)
    pd.testing.assert_series_equal(
        module.derive(cohort.records), table()["hamd_week6"], check_index=False
    )


def test_the_reader_reads_an_export_as_a_dictionary_names_it(placed):
    lines = ["Barcode,Target,Final conc,Run ID", "a,IL-6,2.5,1", "a,TNF,<1.5,1", "b,IL-6,n.d.,2"]
    (placed / "export.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (placed / "my.toml").write_text(
        'title = "Made up"\ncitation = "Nobody."\n'
        '[[assays]]\nfile = "export.csv"\nformat = "my_format"\n',
        encoding="utf-8",
    )
    read = read_study(placed / "my.toml")
    (measured,) = read.measurements
    found = measured.table.set_index(["sample", "marker"])
    assert found.loc[("a", "IL6"), "value"] == 2.5
    assert found.loc[("a", "TNF"), "below"] == 1.5
    assert set(measured.table["unit"].dropna()) == {"pg/mL"}
    assert measured.rows_in == len(measured) + len(measured.set_aside) == 3


def test_the_experiment_finds_all_of_them_and_the_model_is_fitted_saved_and_explained(placed):
    study = assemble(load_experiment(placed / "experiments" / "my_question.toml"))
    assert [fold.label for fold in study.folds][:2] == ["X", "Y"]
    module = study.candidates["my_model"]
    assert discovery.load("models", "my_model", CANDIDATE_EXPORTS) is module
    X, y = study.cohort.X, study.cohort.outcome.to_numpy()
    space = module.space(optuna.trial.FixedTrial({"C": 0.5}))
    pipeline = module.build(study.cohort.schema, random_state=0).set_params(**space)
    procedure = CalibratedProcedure(pipeline, random_state=0).fit(X, y)
    save_procedure(procedure, placed / "model.skops")
    loaded = load_procedure(placed / "model.skops")
    log_odds = procedure.decision_function(X)
    np.testing.assert_array_equal(loaded.decision_function(X), log_odds)
    np.testing.assert_allclose(contributions(loaded, X).sum(axis=1), log_odds, atol=1e-9)


def test_the_section_is_found_and_prints_what_it_counted(placed, results_folder):
    section = discovery.load("pipelines.report.sections", "my_section", SECTION_EXPORTS)
    assert template_of(section).read_text(encoding="utf-8").startswith("{# pipelines/report/")
    summary = section.summarize(Results(results_folder))
    rendered = render_section("my_section", section, summary)
    assert rendered.title == "How many people"
    assert f"{summary.events} of {summary.people} people {summary.event}." in rendered.body
