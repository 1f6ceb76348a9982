"""The numbers of every section, on a case small enough to work out by hand."""

import html
import importlib
import json
import math
import re

import pandas as pd
import pytest
from markupsafe import escape

from pipelines.fit.results_folder import Results
from pipelines.null_check.summary import compare
from signature.assay.plate_quality import MarkerPlate
from signature.records.estimates import Estimate
from signature.records.null_check import SelectionCheck
from tests.made.report_page import rendered
from tests.made.results_factory import make_results
from tests.made.results_null import null_record

TRUTH = [
    # row, person, site, fold, outcome, probability
    (0, 10, "a", 0, 0, 0.1),
    (1, 11, "a", 0, 0, 0.2),
    (2, 12, "a", 0, 1, 0.8),
    (3, 13, "b", 1, 0, 0.3),
    (4, 14, "b", 1, 1, 0.4),
    (5, 15, "b", 1, 1, 0.9),
]
PARTS = {  # feature: contribution and percentile by row
    "IL6": ([-1.0, -0.5, 1.0, 0.0, 0.5, 3.0], [-1.0, 0.1, 0.9, None, 0.6, 1.0]),
    "age": ([0.5, 0.5, 0.5, -0.5, -0.5, -0.5], [0.1, 0.2, 0.3, 0.6, 0.7, 0.8]),
}


def _estimate(value, half=0.1):
    return {"value": value, "low": value - half, "high": value + half}


@pytest.fixture
def tiny(tmp_path):
    """Two sites, six people, two features; the rest of the files as the factory makes them."""
    folder = make_results(tmp_path / "opt_demo")
    columns = ["row", "person", "site", "fold", "outcome", "probability"]
    p = pd.DataFrame(TRUTH, columns=columns).assign(
        experiment="opt_demo",
        block="internal",
        repeat=0,
        arm="",
        plate=-1,
        weight=1.0,
        fold_label=lambda t: t["site"],
    )
    both = [p.assign(candidate=c, chosen="") for c in ("procedure", "clinical_only")]
    pd.concat(both).to_parquet(folder / "predictions.parquet")
    lines = []
    for row, _, _, fold, _, probability in TRUTH:
        base = math.log(probability / (1 - probability))
        for feature, (contributions, percentiles) in PARTS.items():
            base -= contributions[row]
            lines.append((row, fold, feature, contributions[row], percentiles[row]))
        lines.append((row, fold, "(base)", base, None))
    names = ["row", "fold", "feature", "contribution", "percentile"]
    c = pd.DataFrame(lines, columns=names).assign(block="internal", candidate="x", repeat=0)
    c.astype({"percentile": float}).to_parquet(folder / "contributions.parquet")

    def fold(k, label, auroc, chosen=""):
        sizes = {"n": 3, "events": 1 + k}
        return {"repeat": 0, "fold": k, "label": label, "auroc": auroc, "chosen": chosen} | sizes

    def candidate(name, part, auroc, folds):
        return {
            "name": name,
            "label": name.upper(),
            "part": part,
            "metrics": {"auroc": _estimate(auroc), "brier": _estimate(0.2)},
            "folds": folds,
            "folds_without_auroc": sum(f["auroc"] is None for f in folds),
        }

    path = folder / "evaluation.json"
    evaluation = json.loads(path.read_text())
    evaluation["blocks"] = [
        {
            "name": "internal",
            "scheme": "leave one site out",
            "n_rows": 6,
            "n_people": 6,
            "n_events": 3,
            "n_folds": 2,
            "n_repeats": 1,
            "candidates": [
                candidate("clinical_only", "baseline", 0.6, [fold(0, "a", 0.5), fold(1, "b", 0.7)]),
                candidate(
                    "procedure",
                    "headline",
                    0.75,
                    [fold(0, "a", None, "net"), fold(1, "b", 0.75, "net")],
                ),
            ],
            "differences": [
                {
                    "candidate": "procedure",
                    "reference": "clinical_only",
                    "metrics": {"auroc": _estimate(0.15, 0.2), "brier": _estimate(-0.01)},
                }
            ],
        }
    ]
    evaluation["verdict"] = {
        "adds": "no",
        "sentence": "No: nothing is added. AUROC 0.75 against 0.60.",
        "auroc": _estimate(0.75),
        "difference": _estimate(0.15, 0.2),
    }
    path.write_text(json.dumps(evaluation))
    path = folder / "launch.json"
    launch = json.loads(path.read_text())
    launch |= {"n_rows": 6, "n_people": 6, "n_events": 3}
    launch["flow"] = [
        {"reason": "one", "removed": 3, "left": 7},
        {"reason": "two", "removed": 1, "left": 6},
    ]
    launch["sites"] = [{"site": "a", "n": 3, "events": 1}, {"site": "b", "n": 3, "events": 2}]
    shared = {"unit": "", "missing": 0.0, "quantiles": None}
    launch["columns"] = [
        shared
        | {"name": "IL6", "label": "Interleukin-6", "group": "cytokine", "in_panel": True}
        | {"below_limit": 0.7, "unit": "pg/mL", "quantiles": [1.0, 2.0, 3.0, 4.0, 5.0]},
        shared
        | {"name": "age", "label": "Age", "group": "demographics", "in_panel": False}
        | {"below_limit": 0.0},
    ]
    path.write_text(json.dumps(launch))
    return Results(folder)


def summarize(name, results):
    return importlib.import_module(f"pipelines.report.sections.{name}").summarize(results)


def test_summary(tiny):
    s = summarize("summary", tiny)
    assert (s.answer, s.sentence) == ("No", "nothing is added.")
    assert (s.people, s.events, s.sites) == (6, 3, 2)
    assert (s.held_out.whole_sites, s.held_out.sites, s.held_out.external) == (2, 2, False)
    assert s.difference.value == 0.15
    assert s.width == pytest.approx(0.4)
    assert s.width_words == "very wide"
    assert (s.held_out.rarer, s.held_out.few_events) == (3, True)
    assert s.reference_label == "CLINICAL_ONLY"
    assert s.reference_auroc.value == 0.6
    assert (s.checks, s.checks_failed) == (2, 2)


def test_summary_does_not_call_mixed_sites_held_out(tiny):
    path = tiny.folder / "predictions.parquet"
    p = pd.read_parquet(path)
    p.loc[p["row"] == 0, "fold"] = 1
    p.to_parquet(path)
    assert summarize("summary", Results(tiny.folder)).held_out.whole_sites == 0


def test_participants(tiny):
    s = summarize("participants", tiny)
    assert (s.start, s.removed, s.rows) == (10, 4, 6)
    assert [site.share for site in s.sites] == pytest.approx([1 / 3, 2 / 3])
    assert s.share == 0.5
    assert s.dropped == {"Diabetes": "the same value in all rows"}


def test_panel(tiny):
    s = summarize("panel", tiny)
    assert (s.n_baseline, s.n_panel) == (1, 1)
    assert [(g.group, g.in_panel) for g in s.groups] == [
        ("demographics", False),
        ("cytokine", True),
    ]
    assert list(s.censored_much) == ["Interleukin-6"]


def test_assay(tiny):
    found = summarize("assay", tiny)
    assert found.n_serious >= 1  # the lots' events differ
    (il6,) = [r for r in found.detection.rows if r.label == "Interleukin-6"]
    assert 0.05 < il6.detected < 0.3
    assert set(il6.shares) == set(found.detection.plates)
    wells = found.wells
    assert wells.quality.wells_excluded == {"fewer than 35 beads": 2}
    assert wells.quality.wells_in == wells.quality.wells_used + 2
    assert [p.plate for p in wells.plates] == ["1", "2"]
    assert len(wells.plates[0].cells) == 48
    shifts = {s.marker: s.shift for s in wells.bridging.largest}
    assert -0.5 < shifts["IL6"] < -0.1  # the second plate reads higher by 0.3
    told = found.harmonisation
    assert [s.shift for s in told.shifts] == [0.4]  # the reference and zeros are not shown
    assert [list(names) for names in told.not_known.values()] == [["TNF"]]


def test_assay_without_wells_or_batches(tiny):
    path = tiny.folder / "assay.json"
    record = json.loads(path.read_text()) | {"wells": None, "harmonisation": None}
    path.write_text(json.dumps(record))
    found = summarize("assay", Results(tiny.folder))
    assert found.wells is None
    section = rendered("assay", Results(tiny.folder))
    assert "names no assay batch" in section.body
    assert list(section.figures) == ["detection"]


@pytest.mark.parametrize(
    "plates",
    [[], [""], ["1"], [f"plate {i:03}" for i in range(50)], ['<b>&"x"', "$a$", "", "x" * 300]],
    ids=["none", "not known", "one", "fifty", "odd names"],
)
def test_plates_of_any_number_and_name(tiny, plates):
    rows = [
        MarkerPlate(marker=m, plate=p, n=40, detected=20, below=10, missing=10).model_dump()
        for m in ("IL6", "TNF")
        for p in plates
    ]
    path = tiny.folder / "assay.json"
    record = json.loads(path.read_text()) | {"detection": rows}
    record["wells"]["plates"][0]["plate"] = '<b>&"x"'
    path.write_text(json.dumps(record))
    section = rendered("assay", Results(tiny.folder))
    assert ("detection" in section.figures) == bool(plates)
    assert "<b>" not in section.body
    assert section.body.count("&lt;b&gt;&amp;") >= 2
    assert all(escape(p) in section.body for p in plates)


def test_assay_says_what_each_fold_does(tiny):
    path = tiny.folder / "launch.json"
    launch = json.loads(path.read_text())
    launch["experiment"]["assay"] = {
        "limits": "conditional", "detected_above": 0.5, "batch": "plate", "harmonise": "combat",
        "missing": "regression", "residualise": ["age"],
    }  # fmt: skip
    path.write_text(json.dumps(launch))
    before = summarize("assay", Results(tiny.folder))
    path = tiny.folder / "assay.json"
    record = json.loads(path.read_text())
    lots = record["harmonisation"]["batches"]
    record["harmonisation"] |= {
        "method": "combat",
        "held_out": 6,
        "held_out_unseen": 2,
        "batches": [*lots, {"batch": "both", "rows": 2, "events": 1, "references": 0}],
    }
    record["detection"] += [{"marker": "IL6", "plate": "both", "n": 2, "detected": 2, "below": 0}]
    path.write_text(json.dumps(record))
    found = summarize("assay", Results(tiny.folder))
    assert list(found.harmonisation.too_small) == ["both"]
    assert "both" not in found.detection.plates
    assert found.detection.small == before.detection.small + 1
    section = rendered("assay", Results(tiny.folder))
    text = " ".join(html.unescape(section.body).split())
    for said in (
        "2 of 6 held-out rows were of a batch of which their fold had too few",
        "they are harmonised by ComBat",
        "counts as one that training did not see: both.",
        "estimated from the person's other markers",
        "in more than 50 % of the training rows",
        "Regressed out of the panel, in linear models: Age.",
    ):
        assert said in text


def test_validation(tiny):
    (block,) = summarize("validation", tiny).blocks
    assert [(f.label, f.n, f.events, f.trained) for f in block.folds] == [
        ("a", 3, 1, 3),
        ("b", 3, 2, 3),
    ]
    assert [(f.start, f.stop) for f in block.folds] == [(0, 3), (3, 6)]
    assert (block.whole_sites, block.people_in_two_folds) == (2, 0)


def test_validation_notices_a_person_on_both_sides(tiny):
    path = tiny.folder / "predictions.parquet"
    p = pd.read_parquet(path)
    p.loc[p["row"] == 5, "person"] = 10
    p.to_parquet(path)
    (block,) = summarize("validation", Results(tiny.folder)).blocks
    assert block.people_in_two_folds == 1


def test_performance(tiny):
    (block,) = summarize("performance", tiny).blocks
    assert [c.name for c in block.candidates] == ["procedure", "clinical_only"]
    assert block.candidates[0].metrics["auroc"] == Estimate(**_estimate(0.75))
    assert block.candidates[0].metrics["log_loss"].value is None
    assert block.share == 0.5


def test_added_value(tiny):
    s = summarize("added_value", tiny)
    assert s.reference == "CLINICAL_ONLY"
    ((difference,),) = (b.differences for b in s.blocks)
    assert difference.metrics["auroc"].model_dump() == _estimate(0.15, 0.2)
    better = {m.name: (m.better, m.direction) for m in s.metrics}
    assert better == {
        "auroc": ("higher", "positive favours the candidate"),
        "brier": ("lower", "negative favours the candidate"),
    }


def test_calibration(tiny):
    (block,) = summarize("calibration", tiny).blocks
    bins = block.bins
    assert [b.n for b in bins] == [2, 2, 2]
    assert [b.predicted for b in bins] == pytest.approx([0.15, 0.35, 0.85])
    assert [b.observed for b in bins] == [0, 0.5, 1]
    assert all(b.low <= b.observed <= b.high for b in bins)
    # Wilson for 1 of 2, from its formula
    assert (bins[1].low, bins[1].high) == pytest.approx((0.0945, 0.9055), abs=1e-4)
    assert sum(b.with_event for b in block.histogram) == 3
    assert sum(b.without_event for b in block.histogram) == 3


def test_calibration_counts_people_once_in_repeats(tiny):
    (once,) = summarize("calibration", tiny).blocks
    path = tiny.folder / "predictions.parquet"
    p = pd.read_parquet(path)
    pd.concat([p, p.assign(repeat=1)]).to_parquet(path)
    (twice,) = summarize("calibration", Results(tiny.folder)).blocks
    assert [vars(b) for b in twice.bins] == [pytest.approx(vars(b)) for b in once.bins]
    assert twice.histogram == once.histogram


def test_sites(tiny):
    s = summarize("sites", tiny)
    (block,) = s.blocks
    assert s.compared == ("procedure", "clinical_only")
    assert block.without_auroc == 1
    assert block.chosen == {"net": 2}
    assert [f.auroc for f in block.folds] == [
        {"procedure": None, "clinical_only": 0.5},
        {"procedure": 0.75, "clinical_only": 0.7},
    ]
    assert all(f.few for f in block.folds)


def test_markers(tiny):
    s = summarize("markers", tiny)
    first, second = s.features
    assert (first.label, second.label) == ("Interleukin-6", "Age")
    assert first.mean == pytest.approx(1.0)
    assert first.folds == pytest.approx([2.5 / 3, 3.5 / 3])
    assert second.mean == pytest.approx(0.5)
    assert s.panel_share == pytest.approx(2 / 3)
    assert {line.level: (line.n, line.mean) for line in s.swarms[0].levels} == {
        "below limit": (1, -1.0),
        "lowest quarter": (1, -0.5),
        "third quarter": (1, 0.5),
        "highest quarter": (2, 2.0),
        "missing": (1, 0.0),
    }
    assert s.gap == pytest.approx(0, abs=1e-9)
    assert not s.gap_matters


def test_markers_waterfalls_are_picked_by_rule_and_add_up(tiny):
    falls = {w.rule: w for w in summarize("markers", tiny).waterfalls}
    assert {r: w.probability for r, w in falls.items()} == {
        "highest": 0.9,
        "median": 0.3,
        "lowest": 0.1,
    }
    for w in falls.values():
        assert w.total == pytest.approx(math.log(w.probability / (1 - w.probability)))
        assert w.others == 0
    steps = falls["lowest"].steps
    assert [(t.label, t.place) for t in steps] == [
        ("Interleukin-6", "below limit"),
        ("Age", "lowest quarter"),
    ]


def test_markers_say_when_contributions_do_not_add_up(tiny):
    path = tiny.folder / "contributions.parquet"
    c = pd.read_parquet(path)
    c.loc[(c["row"] == 3) & (c["feature"] == "age"), "contribution"] += 0.25
    c.to_parquet(path)
    s = summarize("markers", Results(tiny.folder))
    assert s.gap == pytest.approx(0.25)
    assert s.gap_matters


def test_a_feature_unknown_to_a_fold_counts_as_nothing_there(tiny):
    path = tiny.folder / "contributions.parquet"
    c = pd.read_parquet(path)
    c[~((c["feature"] == "age") & (c["fold"] == 1))].to_parquet(path)
    age = summarize("markers", Results(tiny.folder)).features[1]
    assert age.mean == pytest.approx(0.25)
    assert age.folds == pytest.approx([0.5, 0.0])


def test_final_model(tiny):
    s = summarize("final_model", tiny)
    assert (s.passed, s.failed) == (False, 2)
    assert [(c.chosen, c.loss) for c in s.losses] == [(True, 0.3581), (False, 0.3712)]
    assert {p.name: p.value for p in s.params}["balanced"] == "False"


def test_reproducibility(tiny):
    s = summarize("reproducibility", tiny)
    assert s.command == "python -m pipelines.train experiments/opt_demo.toml"
    assert s.seed == 7
    assert s.experiment_digest == tiny.experiment.digest
    assert s.data_digest == "d" * 64


def test_the_tiny_case_can_be_printed(tiny):
    from pipelines.report.render import write_report

    assert "No: nothing is added." in write_report(tiny.folder).read_text()


def _null_check(tiny, **changes):
    path = tiny.folder / "null_check.json"
    path.write_text(null_record(0.75, **changes).model_dump_json())
    results = Results(tiny.folder)
    section = rendered("null_check", results)
    text = re.sub("<[^>]*>", "", section.body.replace(section.figures.get("auroc", "-"), ""))
    return summarize("null_check", results), section, " ".join(html.unescape(text).split())


def test_no_null_check_no_section(tiny):
    (tiny.folder / "null_check.json").unlink()
    assert summarize("null_check", tiny) is None


def test_null_check(tiny):
    found, section, text = _null_check(tiny)
    assert found.current
    assert sum(b.n for b in found.bins) == 20
    assert [b.n for b in found.bins[:2]] == [2, 2]
    assert (found.bins[0].start, found.bins[-1].n) == (0.4, 1)
    for said in (
        "20 times, on outcomes that were shuffled among people of the same site.",
        "with 1 repeat of the outer folds where the real run has 5.",
        "The outcome of 2 of 6 people could not change",
        "Stable <panel>: the fit on all development rows selected something in 3 of 20 runs "
        "(15.0 %, 95 % interval 3.2 % to 37.9 %); 0.20 (0.04 to 0.59) markers on average",
        "Declared are at most 1.00: this does not contradict it. On average 0.25 of 2 outer folds",
        "a marker that only tells one site from another",
        "The verdict was that the panel adds in 1 of 20 runs",
        "1 of 20 shuffled runs reached it. Full-pipeline permutation p-value: 0.0952, the smallest "
        "possible being 0.0476; endless runs would give one between",
        "not that the panel adds to the clinical features",
        "the real run",
    ):
        assert said in text
    assert "do not belong to this report" not in text
    assert "<title" in section.figures["auroc"]
    assert "<desc" in section.figures["auroc"]


def test_null_check_without_selection_or_real_run(tiny):
    _, section, text = _null_check(
        tiny, selections=(), comparison=None, not_compared="there is no finished run", within=()
    )
    assert "selected" not in text
    assert "The real run is not compared: there is no finished run." in text
    assert "shuffled among people. Features" in text
    assert "as they are" not in section.figures["auroc"]


def test_null_check_of_another_run_says_so(tiny):
    other = compare((0.5,) * 20, 0.7, 0.7)  # of an earlier evaluation
    changes = ("run_fingerprint", "0" * 64), ("contenders", ("elastic_net",)), ("comparison", other)
    for change in (dict([pair]) for pair in changes):
        _, _, text = _null_check(tiny, **change)
        assert "These runs do not belong to this report" in text
        assert "python -m pipelines.null_check experiments/opt_demo.toml --runs 20" in text


def test_null_check_that_breaks_its_bound_says_so(tiny):
    (check,) = _null_check(tiny)[0].found.selections
    broken = SelectionCheck(**check.model_dump() | {"exceeded": True, "declared_bound": 0.01})
    assert "the bound does not hold here" in _null_check(tiny, selections=(broken,))[2]


def _section(name, results):
    found = rendered(name, results)
    return html.unescape(re.sub(r"<[^>]+>", " ", found.body))


def test_the_claim_names_its_rung_and_what_the_next_one_lacks(tmp_path):
    results = Results(make_results(tmp_path / "opt_demo", "yes"))
    s = summarize("claim", results)
    assert s.claim.rung == "internally validated"
    assert s.next == "externally validated"
    words = " ".join(_section("claim", results).split())
    assert "What “externally validated” lacks" in words
    assert "measured: no site was kept apart" in words
    assert [r.reached for r in s.rungs] == [True, True, False]
    assert results.evaluation.claim.sentence in _section("summary", results)


def test_a_failed_sentinel_comes_first_and_is_said_in_bold(tmp_path):
    folder = make_results(tmp_path / "opt_demo")
    path = folder / "sentinels.json"
    record = json.loads(path.read_text())
    record["sentinels"].append(
        {
            "name": "perfect_feature",
            "status": "failed",
            "sentence": "IL6 tells the outcome: AUROC 0.99.",
        }
    )
    path.write_text(json.dumps(record))
    s = summarize("sentinels", Results(folder))
    assert s.sentinels[0].status == "failed"
    words = " ".join(_section("sentinels", Results(folder)).split())
    assert "1 failed: nothing may be claimed" in words
    assert "IL6 tells the outcome" in words


def test_the_decision_curve_claims_no_range_of_thresholds(tmp_path):
    results = Results(make_results(tmp_path / "opt_demo", external=True))
    s = summarize("decision", results)
    assert [b.name for b in s.blocks] == ["external", "internal"]
    line = s.blocks[0].lines[0]
    assert line.threshold == 0.02
    assert set(vars(line)) == {
        "threshold",
        "procedure",
        "reference",
        "everybody",
        "over_defaults",
        "over_reference",
    }
    assert "read off this curve has not been" in _section("decision", results)


def test_a_further_site_is_foretold_from_three_on(tmp_path):
    words = " ".join(_section("sites", Results(make_results(tmp_path / "opt_demo"))).split())
    assert "At a further site of this kind it may lie between" in words


def test_calibration_is_compared_with_noise(tmp_path):
    words = " ".join(_section("calibration", Results(make_results(tmp_path / "opt_demo"))).split())
    assert "noise alone would give an ICI of" in words
