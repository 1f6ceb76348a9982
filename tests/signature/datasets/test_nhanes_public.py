"""The survey's own files: fetched, known again, and turned into the same cohort."""

import os
import re
import socket
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from signature.datasets import _nhanes_files, nhanes_antidepressant, nhanes_public
from signature.datasets._nhanes import BECKMAN, COLUMNS, LATEX, ROCHE, as_cohort
from signature.datasets._nhanes_public import treated
from signature.exceptions import DataFolderNotSetError, DownloadError, TableError
from signature.study.schema import BELOW
from tests.made.nhanes_tables import published

BOTH = ("F", "P")
NAN = float("nan")


# The list of files


def test_the_list_of_files_is_whole():
    files = _nhanes_files.registry()
    assert len({file.name.lower() for file in files}) == len(files)
    years = {c: y[:4] for c, y in _nhanes_files.CYCLES.items()}
    for file in files:
        assert file.path == f"{years[file.cycle]}/DataFiles/{file.name}"
        assert all(re.fullmatch(r"[0-9a-f]{64}", digest) for digest in file.sha256)
        assert re.fullmatch(r"[0-9a-f]{40}|", file.git_sha1)
        assert (file.copies > 0) == file.verifiable
        assert (file.size is not None) == bool(file.sha256)
    for cycle in _nhanes_files.CYCLES:
        tables = [file.table for file in _nhanes_files.files_of([cycle])]
        assert len(set(tables)) == len(tables)
        assert {"DEMO", "DPQ", "RXQ_RX", "CBC", "BIOPRO", "SMQ", "COT"} < set(tables)
        assert ("CRP" in tables) == (cycle not in "GH")


def test_the_files_that_cannot_be_verified_are_known():
    unverified = {file.name for file in _nhanes_files.registry() if not file.verifiable}
    assert unverified == {
        *("CRP_D.xpt", "CRP_E.xpt", "CRP_F.xpt", "GLU_E.xpt", "GLU_G.xpt"),
        *("GLU_H.xpt", "INS_H.xpt", "GLU_I.xpt", "INS_I.xpt"),
    }


# Fetching


class Shelf:
    """What a server on this machine holds, and what it was asked for."""

    def __init__(self, contents):
        self.contents, self.asked, self.url = dict(contents), [], ""
        self.breaks_off = ""

    def path_of(self, name):
        return next(path for path in self.contents if path.endswith("/" + name))


@pytest.fixture
def registered(monkeypatch):
    files, served = published()
    monkeypatch.setattr(_nhanes_files, "registry", lambda: files)
    return served


@pytest.fixture
def shelf(registered, monkeypatch):
    pytest.importorskip("pooch")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    shelf = Shelf(registered)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            path = self.path.lstrip("/")
            shelf.asked.append(path)
            content = shelf.contents.get(path)
            if content is None:
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            broken = bool(shelf.breaks_off) and path.endswith(shelf.breaks_off)
            self.wfile.write(content[: len(content) // 2] if broken else content)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    shelf.url = f"http://127.0.0.1:{server.server_port}/"
    yield shelf
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def fetch(shelf, tmp_path):
    def call(**options):
        said = []
        options = {"cycles": BOTH, "base_url": shelf.url, **options}
        paths = nhanes_public.fetch(tmp_path / "nhanes", say=said.append, **options)
        return paths, said

    return call


def here(tmp_path):
    return sorted(path.name for path in (tmp_path / "nhanes").iterdir())


def test_fetch_brings_every_file_once(fetch, shelf, tmp_path):
    paths, said = fetch()
    assert sorted(shelf.asked) == sorted(shelf.contents)
    assert [path.read_bytes() for path in paths] == [
        shelf.contents[shelf.path_of(path.name)] for path in paths
    ]
    assert said == [
        "not verified: CRP_F.xpt (no other copy is known); its hash is kept in unverified.sha256",
        f"{len(paths)} files in {tmp_path / 'nhanes'}, {len(paths) - 1} of them verified",
    ]
    assert here(tmp_path) == sorted(["unverified.sha256", *(path.name for path in paths)])
    again, _ = fetch()
    assert again == paths
    assert len(shelf.asked) == len(paths)


def test_fetch_takes_some_cycles(fetch, shelf):
    paths, _ = fetch(cycles=["P"])
    assert all(path.name.startswith("P_") for path in paths)
    with pytest.raises(DownloadError, match=r"no NHANES cycle 'J'; there are: D \(2005-2006\)"):
        fetch(cycles=["P", "J"])
    with pytest.raises(DownloadError, match="no NHANES cycle was named"):
        fetch(cycles=[])


@pytest.mark.parametrize("name", ["DEMO_F.xpt", "P_RXQ_RX.xpt"])
def test_a_wrong_file_is_not_kept(fetch, shelf, tmp_path, name):
    path = shelf.path_of(name)
    right = shelf.contents[path]
    shelf.contents[path] = right[:-80] + b"\1" * 80
    with pytest.raises(DownloadError, match=f"sent for {name} is not the published file") as caught:
        fetch()
    assert "reissued" in str(caught.value)
    assert name not in here(tmp_path)
    shelf.contents[path] = right
    fetch()
    assert name in here(tmp_path)


def test_all_wrong_files_are_named_at_once(fetch, shelf, tmp_path):
    wrong = ["DEMO_F.xpt", "HDL_F.xpt", "P_CBC.xpt"]
    for name in wrong:
        shelf.contents[shelf.path_of(name)] += b" " * 80
    with pytest.raises(DownloadError, match=re.escape(f"reissued={wrong}")):
        fetch()
    assert len(here(tmp_path)) == len(shelf.contents) - len(wrong) + 1
    assert len(fetch(reissued=wrong)[0]) == len(shelf.contents)


def test_a_new_version_is_taken_when_asked_for_and_then_kept(fetch, shelf, tmp_path):
    path = shelf.path_of("P_BIOPRO.xpt")
    shelf.contents[path] = shelf.contents[path][:-80] + b" " * 160
    with pytest.raises(DownloadError, match=r"expected \d+ bytes, got \d+"):
        fetch()
    _, said = fetch(reissued=["P_BIOPRO.xpt"])
    assert any(line.startswith("not verified: P_BIOPRO.xpt (a version not") for line in said)
    fetch()
    (tmp_path / "nhanes" / "P_BIOPRO.xpt").write_bytes(shelf.contents[path][:-80])
    with pytest.raises(DownloadError, match=r"P_BIOPRO\.xpt is not the file whose hash is kept"):
        fetch()
    with pytest.raises(DownloadError, match=r"reissued names BIOPRO\.xpt, which these cycles"):
        fetch(reissued=["BIOPRO.xpt"])


def test_an_unverified_file_must_stay_the_same(fetch, shelf, tmp_path):
    fetch()
    (tmp_path / "nhanes" / "CRP_F.xpt").unlink()
    path = shelf.path_of("CRP_F.xpt")
    shelf.contents[path] = shelf.contents[path] + b" " * 80
    with pytest.raises(DownloadError, match=r"is not the file whose hash is kept in unverified"):
        fetch()
    assert "CRP_F.xpt" not in here(tmp_path)


def test_a_web_page_is_no_file(fetch, shelf, tmp_path):
    shelf.contents[shelf.path_of("CRP_F.xpt")] = b"<html>Page not found</html>"
    with pytest.raises(DownloadError, match=r"CRP_F\.xpt is no whole SAS transport file"):
        fetch()
    assert "CRP_F.xpt" not in here(tmp_path)
    assert not (tmp_path / "nhanes" / "unverified.sha256").exists()


def test_an_interrupted_fetch_goes_on_where_it_was(fetch, shelf, tmp_path):
    shelf.breaks_off = "HDL_F.xpt"
    with pytest.raises(DownloadError, match=r"HDL_F\.xpt could not be fetched .*call fetch again"):
        fetch()
    kept = here(tmp_path)
    assert "DEMO_F.xpt" in kept
    assert not [name for name in kept if "HDL" in name or "part" in name]
    shelf.breaks_off = ""
    before = len(shelf.asked)
    paths, _ = fetch()
    assert len(shelf.asked) - before == len(paths) - len(set(kept) - {"unverified.sha256"})


def test_a_missing_file_and_a_silent_server_are_named(fetch, shelf, tmp_path):
    del shelf.contents[shelf.path_of("DPQ_F.xpt")]
    with pytest.raises(DownloadError, match=r"DPQ_F\.xpt .* \(the server answered 404\)"):
        fetch()
    with socket.create_server(("127.0.0.1", 0)) as closed_soon:
        port = closed_soon.getsockname()[1]
    with pytest.raises(DownloadError, match=r"DPQ_F\.xpt .* \(ConnectionError\)"):
        fetch(base_url=f"http://127.0.0.1:{port}/")
    assert here(tmp_path) == ["DEMO_F.xpt"]


def test_fetch_says_what_to_install(registered, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "pooch", None)
    with pytest.raises(DownloadError, match="needs the package pooch: pip install"):
        nhanes_public.fetch(tmp_path)


# The cohort


@pytest.fixture
def folder(registered, tmp_path, monkeypatch):
    folder = tmp_path / "nhanes"
    folder.mkdir()
    for path, content in registered.items():
        (folder / path.rsplit("/", 1)[-1]).write_bytes(content)
    monkeypatch.setenv("SIGNATURE_NHANES", str(folder))
    return folder


def test_nothing_is_downloaded_by_load(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "pooch", None)
    monkeypatch.delenv("SIGNATURE_NHANES", raising=False)
    monkeypatch.delenv("SIGNATURE_DATA", raising=False)
    how = r"Fetch the files once.*nhanes_public\.fetch\('nhanes'\).*set SIGNATURE_NHANES"
    with pytest.raises(DataFolderNotSetError, match=how):
        nhanes_public.load()
    monkeypatch.setenv("SIGNATURE_DATA", str(tmp_path))
    with pytest.raises(DataFolderNotSetError, match=how):
        nhanes_public.load()
    monkeypatch.setenv("SIGNATURE_NHANES", str(tmp_path / "none"))
    with pytest.raises(DataFolderNotSetError, match="SIGNATURE_NHANES names no folder. " + how):
        nhanes_public.load()
    monkeypatch.setenv("SIGNATURE_NHANES", str(tmp_path))
    with pytest.raises(DataFolderNotSetError, match="holds no file of NHANES. " + how):
        nhanes_public.load()


def test_the_folder_may_lie_with_the_other_data(folder, monkeypatch):
    cohort = nhanes_public.load()
    monkeypatch.delenv("SIGNATURE_NHANES")
    monkeypatch.setenv("SIGNATURE_DATA", str(folder.parent))
    folder.rename(folder.parent / "nhanes_public")
    assert nhanes_public.load().digest == cohort.digest


def test_missing_and_changed_files_are_named(folder):
    (folder / "DEMO_F.xpt").rename(folder / "DEMO_F.XPT")
    nhanes_public.load()
    (folder / "HDL_F.xpt").write_bytes((folder / "HDL_F.xpt").read_bytes()[:-80])
    with pytest.raises(TableError, match=r"HDL_F\.xpt is not the published file: expected"):
        nhanes_public.load()
    (folder / "HDL_F.xpt").unlink()
    lacks = r"lacks 1 of 16 files of NHANES 2009-2010: HDL_F\.xpt; .*cycles=\['F'\]"
    with pytest.raises(TableError, match=lacks):
        nhanes_public.load()


def test_each_assay_has_its_own_fill_value(folder):
    table = treated(folder, "P").assign(hs_crp_mg_l=[0.08, 0.1, 0.11, 0.15, 60.0])
    limits = {}
    for assay in (LATEX, BECKMAN, ROCHE):
        given_assay = table.assign(crp_assay=assay)
        X = as_cohort(given_assay, name="x", citation="x", where="x").X
        assert X["CRP"].max() == 50
        limits[assay] = X["CRP" + BELOW].dropna().to_dict()
    assert limits == {LATEX: {1: 0.2}, BECKMAN: {0: 0.11}, ROCHE: {2: 0.15}}


def test_who_is_in_the_cohort(folder):
    cohort = nhanes_public.load()
    assert cohort.subject.tolist() == [*"12345", "101", "102", "103", "104", "105"]
    assert cohort.records["cycle"].tolist() == ["2009-2010"] * 5 + ["2017-2020"] * 5
    np.testing.assert_allclose(cohort.weight, [1000.5] * 5 + [1600.8] * 5)


def same(values, expected):
    np.testing.assert_array_equal(np.asarray(values, dtype=float), np.asarray(expected, float))


def test_proxies_follow_their_definition(folder):
    records = nhanes_public.load().records
    for rows in (records.iloc[:5], records.iloc[5:]):
        same(rows["proxy_inadequate_response"], [1, 0, 0, 1, NAN])
        # person 2 takes a tricyclic, person 4 does not know for how long
        same(rows["proxy_inadequate_response_strict"], [1, NAN, 0, NAN, NAN])
    indicated = records["proxy_inadequate_response_depression_indicated"]
    # reasons were not asked before 2013
    same(indicated, [NAN] * 5 + [1, NAN, 0, NAN, NAN])


def test_answers_of_both_forms(folder):
    X = nhanes_public.load().X
    early, late = X.iloc[:5], X.iloc[5:]
    same(early["partnered"], [1, 0, NAN, 0, 1])
    same(late["partnered"], [1, 0, NAN, 0, NAN])
    for rows in (early, late):
        same(rows["female"], [0, 1, 0, 1, 0])
        same(rows["education"], [1, 5, NAN, NAN, 3])
        same(rows["income_poverty_ratio"], [0, 5, 1.25, NAN, 2])
        same(rows["told_hypertension"], [1, 0, NAN, 0, 1])
        same(rows["told_diabetes"], [1, 0, 0, NAN, 0])
        same(rows["former_smoker"], [0, 1, 0, 0, NAN])
        same(rows["current_smoker"], [0, 0, 1, 1, NAN])
        same(rows["race_black"], [0, 0, 0, 1, 0])


def test_measurements_of_both_forms(folder):
    cohort = nhanes_public.load()
    early, late = cohort.X.iloc[:5], cohort.X.iloc[5:]
    same(early["CRP"], [NAN, 50, 0.2, NAN, 2.9])
    same(early["CRP" + BELOW], [0.2, NAN, NAN, NAN, NAN])
    same(late["CRP"], [NAN, 50, 0.15, NAN, 2.5])
    same(late["CRP" + BELOW], [0.15, NAN, NAN, NAN, NAN])
    same(early["ferritin"], [NAN] * 5)
    same(late["ferritin"], [100] * 5)
    for rows in (early, late):
        same(rows["INS"], [11] * 5)
        same(rows["cotinine" + BELOW], [0.015, NAN, NAN, NAN, NAN])
        same(rows["cotinine"], [NAN, 0.015, 250, NAN, 0.02])
        same(rows["systolic_blood_pressure"], [130.5, 120, 110.5, 120, 120])
        same(rows["diastolic_blood_pressure"], [80, 70, 84, 85, 70])
        same(rows["neutrophil_lymphocyte_ratio"], [2, NAN, 4, 4, 4])
        same(rows["systemic_immune_inflammation_index"], [400, NAN, 800, 800, 800])
        same(rows["metabolic_syndrome_components"], [5, 0, 1, NAN, 0])
    assert set(cohort.plate) == {"latex_nephelometry_2005_2010", "hs_roche_cobas_2017_2020"}


def test_both_data_sets_make_the_same_of_one_table(folder, tmp_path, monkeypatch):
    cohort = nhanes_public.load()
    table = pd.concat([treated(folder, cycle) for cycle in BOTH])
    (tmp_path / "nhanes_antidepressant").mkdir()
    table.to_csv(tmp_path / "nhanes_antidepressant" / "treated_subset.csv", index=False)
    monkeypatch.setenv("SIGNATURE_DATA", str(tmp_path))
    other = nhanes_antidepressant.load()
    assert cohort.schema == other.schema
    assert cohort.digest == other.digest
    pd.testing.assert_frame_equal(cohort.records, other.records)


# Real files, where there are any


# Rounded to three decimals in the prepared table, which has five digits otherwise.
ROUNDED = {"neutrophil_lymphocyte_ratio", "monocyte_lymphocyte_ratio"}


def test_real_files_give_the_prepared_table(data_root):
    """The prepared table lacks some values (CRP of 50 and more, diabetes 2013-14), never others."""
    folder = os.environ.get("SIGNATURE_NHANES")
    if not folder:
        pytest.skip("no files of NHANES: fetch them and set SIGNATURE_NHANES")
    file = data_root / "nhanes_antidepressant" / "treated_subset.csv"
    prepared = pd.read_csv(file, dtype={"participant_id": "str"})
    table = pd.concat(
        [treated(Path(folder), cycle) for cycle in _nhanes_files.SUBSET], ignore_index=True
    )
    for column in COLUMNS:
        if column == "insulin_fasting_uu_ml":  # harmonised in the prepared table
            continue
        known = prepared[column].notna()
        ours, theirs = table.loc[known, column], prepared.loc[known, column]
        if pd.api.types.is_numeric_dtype(theirs):
            digits = 6e-4 if column in ROUNDED else 0
            np.testing.assert_allclose(
                ours.astype(float), theirs, rtol=6e-5, atol=digits, err_msg=column
            )
        else:
            assert ours.tolist() == theirs.tolist(), column
