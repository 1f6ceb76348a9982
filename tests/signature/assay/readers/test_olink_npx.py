"""Olink's exports, in the columns that its programs write."""

import numpy as np
import pandas as pd
import pytest

from signature.assay import cells
from signature.assay.layout import Layout
from signature.assay.readers import olink_npx
from tests.made.lab_checks import SECRET, reasons, refused

pytest_plugins = ["tests.made.lab_files"]


def target96(**changes):
    """One row as Olink's Target 96 software exports it; columns of OlinkAnalyze's npx_data1."""
    return {
        "SampleID": "A1",
        "Index": 1,
        "OlinkID": "OID00471",
        "UniProt": "P10145",
        "Assay": "IL8",
        "MissingFreq": "0.01",
        "Panel": "Olink Inflammation",
        "Panel_Version": "v.3004",
        "PlateID": "P1",
        "QC_Warning": "Pass",
        "LOD": 1.9,
        "NPX": 6.2,
        "Normalization": "Plate control",
        **changes,
    }


def explore(**changes):
    """One row of Explore 1536 or 3072."""
    return {
        "SampleID": "A1",
        "Index": 1,
        "OlinkID": "OID20563",
        "UniProt": "P05231",
        "Assay": "IL6",
        "MissingFreq": 0.1,
        "Panel": "Inflammation",
        "Panel_Lot_Nr": "B04404",
        "PlateID": "P1",
        "QC_Warning": "PASS",
        "LOD": -0.5,
        "NPX": 1.25,
        "Normalization": "Plate control",
        "Assay_Warning": "PASS",
        "Sample_Type": "SAMPLE",
        "ExploreVersion": "3.5.0",
        **changes,
    }


def explore_ht(**changes):
    """One row of Explore HT, whose exports state no limits until OlinkAnalyze adds them."""
    return {
        "SampleID": "A1",
        "SampleType": "SAMPLE",
        "WellID": "A1",
        "PlateID": "P1",
        "DataAnalysisRefID": "D10007",
        "OlinkID": "OID40770",
        "UniProt": "P05231",
        "Assay": "IL6",
        "AssayType": "assay",
        "Panel": "Explore HT",
        "Block": 1,
        "Count": 500,
        "ExtNPX": -1.5,
        "NPX": 0.75,
        "Normalization": "Intensity",
        "PCNormalizedNPX": 1.5,
        "AssayQC": "PASS",
        "SampleQC": "PASS",
        "ExploreVersion": "1.0.0",
        **changes,
    }


def test_olink_target_96(record_file):
    rows = [
        target96(),
        target96(SampleID="A2", NPX=1.5, QC_Warning="Warning"),
        target96(SampleID="A3", NPX=1.5, PlateID="P2", LOD=1.2),
        target96(SampleID="A4", NPX=None),
        target96(SampleID="CONTROL_SAMPLE_AS 1"),
        target96(Assay="Inc Ctrl 1", OlinkID="OID9"),
    ]
    read = olink_npx.read(record_file(rows, sep=";"), Layout())
    assert read.table["unit"].unique().tolist() == ["NPX"]
    np.testing.assert_array_equal(read.table["value"], [6.2, np.nan, 1.5])
    np.testing.assert_array_equal(read.table["below"], [np.nan, 1.9, np.nan])
    assert read.table["limit"].tolist() == [1.9, 1.9, 1.2]
    assert read.table["flag"].fillna("").tolist() == ["", "sample: Warning", ""]
    assert read.table["marker"].unique().tolist() == ["CXCL8"]
    assert reasons(read) == {
        5: cells.MISSING,
        6: olink_npx.CONTROL_SAMPLE,
        7: olink_npx.CONTROL_ASSAY,
    }
    assert "1 samples are set aside as controls because their names" in read.findings[0]


def test_olink_a_person_called_control_stays(record_file):
    read = olink_npx.read(record_file([target96(SampleID="Control 7")]), Layout())
    assert (len(read), read.findings) == (1, ())
    read = olink_npx.read(
        record_file([target96(SampleID="Control 7")]), Layout(controls=("Control 7",))
    )
    assert reasons(read) == {2: olink_npx.CONTROL_SAMPLE}


def test_olink_explore_measures_some_assays_in_several_panels(record_file):
    others = {"OID20153": "Neurology", "OID20911": "Oncology", "OID20563": "Inflammation"}
    rows = [
        explore(SampleID=sample, OlinkID=oid, Panel=panel, NPX=i + j, LOD=j - 3)
        for i, sample in enumerate(["A1", "A2"])
        for j, (oid, panel) in enumerate(others.items())
    ]
    rows.append(explore(Assay="CRP", OlinkID="OID30000", Assay_Warning="WARN", QC_Warning="WARN"))
    rows.append(explore(SampleID="X", Sample_Type="CONTROL", OlinkID="OID20153"))
    path = record_file(rows, sep=";")
    read = olink_npx.read(path, Layout())
    assert read.table.query("marker == 'IL6'")["value"].tolist() == [0, 1]
    assert read.table["flag"].dropna().tolist() == ["sample: WARN; assay: WARN"]
    assert (read.set_aside["reason"] == olink_npx.SEVERAL).sum() == 4
    assert "1 assays were measured in several panels or blocks (IL6)" in read.findings[0]
    assert "4 measurements of the others" in read.findings[0]
    chosen = olink_npx.read(path, Layout(ignore=("OID20153", "OID20563")))
    assert chosen.table.query("marker == 'IL6'")["value"].tolist() == [1, 2]
    both = olink_npx.read(path, Layout(markers={"OID20911": "IL6 oncology"}))
    assert set(both.table["marker"]) == {"IL6", "IL6 oncology", "CRP"}
    assert (both.rows_in, len(both)) == (8, 5)


def test_olink_explore_ht(tmp_path):
    pytest.importorskip("pyarrow")
    rows = [
        explore_ht(),
        explore_ht(SampleID="A2", SampleQC="FAIL", NPX=None),
        explore_ht(SampleID="A3", AssayQC="WARN"),
        explore_ht(SampleID="PC1", SampleType="PLATE_CONTROL"),
        explore_ht(SampleID="NC1", SampleType="NEGATIVE_CONTROL"),
        explore_ht(AssayType="ext_ctrl", Assay="Extension control 1", OlinkID="OID1"),
        explore_ht(OlinkID="OID50000", Block=3),
    ]
    pd.DataFrame(rows).to_parquet(tmp_path / "ht.parquet")
    read = olink_npx.read(tmp_path / "ht.parquet", Layout())
    assert read.table["value"].tolist() == [0.75, 0.75]
    assert read.table["flag"].fillna("").tolist() == ["", "assay: WARN"]
    assert reasons(read) == {
        3: cells.MISSING,
        5: olink_npx.CONTROL_SAMPLE,
        6: olink_npx.CONTROL_SAMPLE,
        7: olink_npx.CONTROL_ASSAY,
        8: olink_npx.SEVERAL,
    }
    chosen = Layout(columns={"value": "PCNormalizedNPX"})
    assert olink_npx.read(tmp_path / "ht.parquet", chosen).table["value"].tolist()[0] == 1.5


def test_olink_limits_belong_to_the_values_of_their_normalisation(record_file):
    rows = [explore_ht(NPX=0.5, PCNormalizedNPX=2, LOD=1, PCNormalizedLOD=1.5)]
    path = record_file(rows)
    assert olink_npx.read(path, Layout()).table["below"].tolist() == [1]
    chosen = olink_npx.read(path, Layout(columns={"value": "PCNormalizedNPX"}))
    assert chosen.table[["value", "limit"]].iloc[0].tolist() == [2, 1.5]
    only_pc = record_file([explore_ht(NPX=0.5, PCNormalizedLOD=1.5)])
    assert olink_npx.read(only_pc, Layout()).table["limit"].isna().all()


def test_olink_quantified_values_have_the_unit_of_the_file(record_file):
    row = target96(Quantified_value=12.5, Unit="pg/mL", LLOQ=2.0)
    del row["NPX"]
    read = olink_npx.read(record_file([row]), Layout())
    assert read.table[["value", "unit", "limit"]].iloc[0].tolist() == [12.5, "pg/mL", 2.0]


def test_olink_two_limits_on_one_plate_are_refused(record_file):
    rows = [target96(), target96(SampleID=SECRET, LOD=2.5)]
    refused(
        "two limits for one plate and marker", lambda: olink_npx.read(record_file(rows), Layout())
    )
