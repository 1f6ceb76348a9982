"""The vocabulary of markers: its two tables, and what laboratories' names lead to."""

import csv
import re
import statistics
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signature.assay.unit_names import parse
from signature.datasets import _nhanes
from signature.exceptions import DefinitionError
from signature.study import markers

ENTRIES = list(markers.VOCABULARY.values())


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("IL-8", "CXCL8"),
        ("MCP-1", "CCL2"),
        ("uPA", "PLAU"),
        ("OPG", "TNFRSF11B"),
        ("4E-BP1", "EIF4EBP1"),
        ("PD-L1", "CD274"),
        ("TRANCE", "TNFSF11"),
        ("TWEAK", "TNFSF12"),
        ("TRAIL", "TNFSF10"),
        ("SCF", "KITLG"),
        ("EN-RAGE", "S100A12"),
        ("TNFB", "LTA"),
        ("ST1A1", "SULT1A1"),
        ("CSF-1", "CSF1"),
        ("Flt3L", "FLT3LG"),
        ("NT-3", "NTF3"),
        ("Beta-NGF", "NGF"),
        ("LAP TGF-beta-1", "TGFB1"),
        ("IFN-gamma", "IFNG"),
        ("sTNFR2", "TNFRSF1B"),
        ("PAI1", "SERPINE1"),
        ("COX2", "PTGS2"),
        ("hsCRP", "CRP"),
        ("WBC", "leukocytes"),
        # one name, many spellings
        ("TNF-α", "TNF"),
        ("TNFα", "TNF"),
        ("TNF alpha", "TNF"),
        ("tnf_a", "TNF"),
        ("IL-1β", "IL1B"),
        ("IL-1ß", "IL1B"),
        ("IL‑1β", "IL1B"),  # a hyphen that does not break
        ("IFN-γ", "IFNG"),
        ("β2-microglobulin", "B2M"),
        ("ＩＬ－６", "IL6"),  # full width
        # dimers of two genes
        ("IL-12p70", "IL12A_IL12B"),
        ("IL-12 (p70)", "IL12A_IL12B"),
        ("IL-12p40", "IL12B"),
        ("IL-23", "IL23A_IL12B"),
        ("IL-27", "EBI3_IL27"),
        ("PDGF-AB", "PDGFA_PDGFB"),
        # the other families
        ("sIL-6Rα", "IL6R"),
        ("sCD14", "CD14"),
        ("NfL", "NEFL"),
        ("S100β", "S100B"),
        ("3-HK", "hydroxykynurenine_3"),
        ("KYN/TRP", "kynurenine_tryptophan_ratio"),
        ("Treg", "regulatory_t_cells"),
        ("CD4 count", "cd4_t_cells"),
        ("CD4/CD8", "cd4_cd8_ratio"),
        ("HbA1c", "hba1c"),
        ("Leptin", "LEP"),
        ("SII", "systemic_immune_inflammation_index"),
    ],
)
def test_laboratory_names_lead_to_canonical_ones(written, name):
    assert markers.canonical(written) == name
    assert markers.lookup(written) == name


@given(st.sampled_from(ENTRIES), st.data())
def test_case_and_punctuation_do_not_matter(entry, data):
    names = (entry.name, entry.label, *entry.aliases)
    written = data.draw(st.sampled_from(names))
    between = data.draw(st.sampled_from(["", " ", "-", "_", ".", "/"]))
    spaced = between.join(re.split(r"[\s\-_./]", written))
    assert markers.canonical(spaced) == entry.name
    assert markers.canonical(spaced.upper()) == entry.name
    assert markers.canonical(spaced.lower()) == entry.name


def test_canonical_names_stand_for_themselves():
    assert [n for n in markers.VOCABULARY if markers.canonical(n) != n] == []


def test_an_unknown_marker_gets_suggestions():
    with pytest.raises(DefinitionError, match="did you mean CXCL9 or CXCL1"):
        markers.canonical("CXCL19")


@pytest.mark.parametrize(
    "name", ["MIP-1", "GRO", "IL-1", "IL-12", "IL-17", "TNFR", "IFN", "PDGF", "VEGF", "CD4", "PCT"]
)
def test_a_name_that_several_markers_share_is_an_error_that_lists_them(name):
    candidates = markers.resolve_all([name]).ambiguous[name]
    assert len(candidates) > 1
    for ask in (markers.canonical, markers.lookup):
        with pytest.raises(DefinitionError, match="may mean " + " or ".join(candidates)):
            ask(name)


def test_the_table_of_shared_names_leads_to_markers_and_families():
    for name, candidates in markers.AMBIGUOUS.items():
        assert len(set(candidates)) == len(candidates) > 1, name
        assert set(candidates) <= set(markers.VOCABULARY), name
    for word, families in markers.CLASSES.items():
        assert set(families) <= set(markers.FAMILIES), word
        assert markers.lookup(word) is None
        with pytest.raises(DefinitionError, match="is a class of markers"):
            markers.canonical(word)


def test_the_literature_usually_means_one_of_the_candidates():
    usual = [n for n in markers.AMBIGUOUS if markers._key(n) in markers._USUAL]
    assert len(usual) > 10
    for name in usual:
        assert markers.canonical(name, usual=True) in markers.AMBIGUOUS[name]
    with pytest.raises(DefinitionError, match="'GRO' may mean CXCL1 or CXCL2 or CXCL3"):
        markers.canonical("GRO", usual=True)


def test_every_row_of_the_table_is_consistent():
    assert len(ENTRIES) > 250
    accession = re.compile(r"[OPQ][0-9][A-Z0-9]{3}[0-9]|[A-NR-Z][0-9]([A-Z][A-Z0-9]{2}[0-9]){1,2}")
    for entry in ENTRIES:
        assert entry.name.isidentifier()
        assert entry.label
        assert entry.family in markers.FAMILIES, entry.name
        chains, genes = entry.uniprot.split("|"), entry.hgnc.split("|")
        assert len(chains) == len(genes), entry.name
        if entry.uniprot:
            assert all(accession.fullmatch(chain) for chain in chains), entry.name
            assert all(re.fullmatch(r"HGNC:[1-9][0-9]*", gene) for gene in genes), entry.name
        assert bool(entry.uniprot) == bool(entry.hgnc), entry.name
        if entry.unit:
            assert parse(entry.unit).text == entry.unit, entry.name
        if entry.molecular_weight is not None:
            assert 20 < entry.molecular_weight < 200_000, entry.name
            # a mass belongs to what is measured as one
            assert entry.unit, entry.name
    assert {e.family for e in ENTRIES} == set(markers.FAMILIES)


# HGNC's complete set, July 2024
@pytest.mark.parametrize(
    ("name", "uniprot", "hgnc"),
    [
        ("IL6", "P05231", "HGNC:6018"),
        ("TNF", "P01375", "HGNC:11892"),
        ("CXCL8", "P10145", "HGNC:6025"),
        ("CRP", "P02741", "HGNC:2367"),
        ("INS", "P01308", "HGNC:6081"),
        ("IL12A_IL12B", "P29459|P29460", "HGNC:5969|HGNC:5970"),
        ("EBI3_IL27", "Q14213|Q8NEV9", "HGNC:3129|HGNC:19157"),
        ("calprotectin", "P05109|P06702", "HGNC:10498|HGNC:10499"),
        ("PGF", "P49763", "HGNC:8893"),
    ],
)
def test_genes_and_accessions(name, uniprot, hgnc):
    entry = markers.VOCABULARY[name]
    assert (entry.uniprot, entry.hgnc) == (uniprot, hgnc)


# average masses of amino-acid residues, g/mol
RESIDUES = {
    "G": 57.0519, "A": 71.0788, "S": 87.0782, "P": 97.1167, "V": 99.1326, "T": 101.1051,
    "C": 103.1388, "L": 113.1594, "I": 113.1594, "N": 114.1038, "D": 115.0886, "Q": 128.1307,
    "K": 128.1741, "E": 129.1155, "M": 131.1926, "H": 137.1411, "F": 147.1766, "R": 156.1875,
    "Y": 163.1760, "W": 186.2132,
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "chain"),
    [
        # UniProt P05231, 30-212
        (
            "IL6",
            "VPPGEDSKDVAAPHRQPLTSSERIDKQIRYILDGISALRKETCNKSNMCESSKEALAENNLNLPKMAEKDGCFQSGFNEETCL"
            "VKIITGLLEFEVYLEYLQNRFESSEEQARAVQMSTKVLIQFLQKKAKNLDAITTPDPTTNASLLTKLQAQNQWLQDMTTHLIL"
            "RSFKEFLQSSLRALRQM",
        ),
        # UniProt Q16552, 24-155
        (
            "IL17A",
            "GITIPRNPGCPNSEDKNFPRTVMVNLNIHNRNTNTNPKRSSDYYNRSTSPWNLHRNEDPERYPSVIWEAKCRHLGCINADGNV"
            "DYHMNSVPIQQEILVLRREPPHCPNSFRLEKILVSVGCTCVTPIVHHVA",
        ),
    ],
)
def test_masses_of_proteins_are_those_of_the_mature_chain(name, chain):
    mass = sum(RESIDUES[letter] for letter in chain) + 18.015
    assert markers.VOCABULARY[name].molecular_weight == pytest.approx(mass, rel=1e-4)


def test_gene_symbols_have_their_gene_and_share_it_with_no_other_symbol():
    symbols = [e for e in ENTRIES if e.name.isupper()]
    assert len(symbols) > 250
    assert all(e.uniprot for e in symbols)
    assert len({e.uniprot for e in symbols}) == len(symbols)
    for entry in symbols:
        assert entry.name.count("_") == entry.uniprot.count("|"), entry.name


def test_both_tables_are_read_whole_and_no_name_stands_twice():
    with (markers.resources.files("signature.study") / "markers.csv").open(
        encoding="utf-8"
    ) as file:
        names = [row["name"] for row in csv.DictReader(file)]
    assert len(names) == len(set(names)) == len(ENTRIES)
    keys = [markers._key(n) for n in (*markers.AMBIGUOUS, *markers.CLASSES)]
    assert len(keys) == len(set(keys))
    assert not set(keys) & set(markers._CANONICAL)


def test_one_alias_cannot_mean_two_markers(monkeypatch):
    crp = markers.VOCABULARY["CRP"]
    other = markers.Marker("OTHER", "Other", "cytokine", "", ("hs-CRP",))
    monkeypatch.setattr(markers, "VOCABULARY", {"CRP": crp, "OTHER": other})
    with pytest.raises(DefinitionError, match="'hscrp' means both 'CRP' and 'OTHER'"):
        markers._names()


def test_a_shared_name_cannot_also_be_an_alias(monkeypatch):
    monkeypatch.setattr(markers, "_CANONICAL", {**markers._CANONICAL, "gro": "CXCL1"})
    monkeypatch.setattr(markers, "_SHARED", {})
    monkeypatch.setattr(markers, "_CLASS", {})
    with pytest.raises(DefinitionError, match="'GRO' has a meaning already"):
        markers._read_names()


def test_every_name_of_a_file_ends_up_in_one_part():
    names = ["IL-6", "il6", "VEGF", "cytokine_panel", "my marker", "IL-6", "bDNF"]
    found = markers.resolve_all(names, own={"bDNF": "NGF"})
    assert found.canonical == {"IL-6": "IL6", "il6": "IL6", "bDNF": "NGF"}
    assert found.repeated == {"IL6": ("IL-6", "il6")}
    assert list(found.ambiguous) == ["VEGF"]
    assert found.classes == {"cytokine_panel": ("cytokine", "chemokine")}
    assert found.unknown == ("my marker",)


@given(st.lists(st.text(max_size=12) | st.sampled_from(sorted(markers.AMBIGUOUS))))
def test_resolution_loses_no_name_and_never_fails(names):
    found = markers.resolve_all(names)
    parts = [*found.canonical, *found.unknown, *found.ambiguous, *found.classes]
    assert sorted(parts) == sorted(set(names))


def test_the_vocabulary_is_read_quickly():
    # the work itself, without what Python needs to start and other programs take away
    code = (
        "import csv, dataclasses, difflib, importlib.resources, time, unicodedata\n"
        "import signature.exceptions\n"
        "start = time.process_time(); import signature.study.markers\n"
        "print(time.process_time() - start)"
    )
    runs = [
        float(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout)
        for _ in range(3)
    ]
    assert min(runs) < 0.05  # about 0.012; the margin is for slow machines


def _header(path):
    with path.open(encoding="utf-8") as file:
        return next(csv.reader(file))


def test_the_three_hospitals_panel_resolves_with_the_assays_that_were_left_out(data_root):
    folder = data_root / "covid_olink_three_sites"
    with (folder / "lod.csv").open(encoding="utf-8") as file:
        assays = {row["Assay"] for row in csv.DictReader(file)}
    assert len(assays) == 92
    found = markers.resolve_all(assays)
    assert (found.unknown, found.ambiguous, found.repeated) == ((), {}, {})
    assert len(assays & set(_header(folder / "data.csv"))) == 63


# Bead 55, "bDNF", is β-NGF: the file has two beads by the name of BDNF and none of NGF, its
# standards reach what bead 57's do, and serum, where BDNF is plentiful, hardly lifts it off the
# blank. The file's own symbol column says BDNF twice.
LUMINEX = {"bDNF": "NGF"}


def test_the_luminex_analytes_resolve_under_both_spellings(data_root):
    folder = data_root / "infliximab_crohn_luminex"
    with (folder / "analytes.csv").open(encoding="utf-8") as file:
        targets = [row["Target"] for row in csv.DictReader(file)]
    mangled = _header(folder / "data.csv")[7:]
    assert len(targets) == len(mangled) == 45
    for names in (targets, mangled):
        found = markers.resolve_all(names, own=LUMINEX)
        assert (found.unknown, found.ambiguous, found.repeated) == ((), {}, {})
        assert len(set(found.canonical.values())) == 45
        # without the file's own correction, the slip shows
        assert markers.resolve_all(names).repeated == {"BDNF": ("bDNF", "BDNF")}
    known = dict(zip(targets, mangled, strict=True))
    one, other = (markers.resolve_all(n, own=LUMINEX).canonical for n in (targets, mangled))
    assert {t: one[t] for t in targets} == {t: other[known[t]] for t in targets}
    assert one["PIGF-1"] == "PGF"
    assert one["SDF-1alpha"] == "CXCL12"  # the file's symbol column says CXCR4, its receptor
    assert one["INF-alpha"] == "interferon_alpha"  # the kit does not say which of thirteen


def test_one_of_the_two_beads_called_bdnf_cannot_be_it(data_root):
    with (data_root / "infliximab_crohn_luminex" / "data.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    bead_55, bead_57 = (
        statistics.median(float(row[name]) for row in rows if row["patient"] and row[name])
        for name in ("bDNF", "BDNF")
    )
    assert bead_57 > 50 * bead_55
    top = next(row for row in rows if row["SampleInfo"] == "Standard 1")
    assert float(top["bDNF"]) == pytest.approx(float(top["BDNF"]), rel=0.1)


def test_names_of_a_wide_olink_file_lead_to_no_wrong_marker(data_root):
    names = _header(data_root / "covid_olink_wide" / "data.csv")[2:]
    assert len(names) == 1463
    found = markers.resolve_all(names)
    other = {n: m for n, m in found.canonical.items() if n != m}
    assert other == {"NTproBNP": "nt_probnp"}
    assert found.ambiguous == {"CD4": ("cd4_t_cells", "sCD4")}
    assert found.repeated == {}
    assert len(found.canonical) > 200


def test_nhanes_laboratory_columns_are_markers_of_the_vocabulary(data_root):
    with (data_root / "nhanes_antidepressant" / "column_summary.csv").open() as file:
        columns = {row[0] for row in csv.reader(file)}
    named = {**_nhanes._MARKERS, "cotinine_ng_ml": "cotinine"}
    assert set(named) <= columns
    found = markers.resolve_all(named.values())
    assert found.canonical == {name: name for name in named.values()}


def test_counts_of_the_hiv_trial_must_be_named_by_its_author(data_root):
    # cd40 is CD4 at week 0 there, cd80 is CD8; no vocabulary can know, and CD40 is another marker
    columns = _header(data_root / "actg175_hiv_trial" / "data.csv")
    own = {"cd40": "cd4_t_cells", "cd80": "cd8_t_cells"}
    assert set(own) <= set(columns)
    assert markers.resolve_all(own, own).canonical == own
    assert all(markers.VOCABULARY[m].unit == "cells/uL" for m in own.values())
    assert markers.lookup("cd40") == "CD40"


def test_the_evidence_names_markers_or_classes(data_root):
    table = data_root.parent / "evidence" / "markers_evidence.csv"
    if not table.is_file():
        pytest.skip("no table of evidence beside the data folder")
    with table.open(encoding="utf-8") as file:
        names = {name for row in csv.DictReader(file) for name in row["marker"].split(";")}
    classes = set(markers.resolve_all(names).classes)
    found = {name: markers.canonical(name, usual=True) for name in names - classes}
    assert found["IL1"] == "interleukin_1"
    assert found["IL17"] == "IL17A"
    assert found["VEGF"] == "VEGFA"
    assert classes == {
        "autoantibodies",
        "chemokines",
        "complement_activity",
        "cytokine_panel",
        "immunometabolic_profile",
        "inflammatory_state",
        "oxidative_stress",
        "tryptophan_metabolites",
    }
