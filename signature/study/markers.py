"""The vocabulary of markers: one canonical name each, and what else it is called.

Two tables. ``markers.csv`` has one row per marker. ``marker_names.csv`` has the names that are no
marker: those that several markers share ("VEGF", "CD4"), and words for a whole class
("cytokine_panel"). Rules of the first:

- The canonical name is the HGNC symbol where the marker is one gene's product. A dimer of two
  genes is written with both, joined by an underscore: IL-12p70 is ``IL12A_IL12B``, so that "IL-12"
  can stay what it is, a name for more than one thing. Anything else has a plain lower-case name,
  and so have products whose symbol means something else to a laboratory (transferrin, whose symbol
  TF is also tissue factor) and the several products of one gene (ACTH, amyloid-β). ``sCD4`` is the
  one exception: the bare symbol nearly always means cells.
- A cell subset is one marker whether it is counted or given as a share; the unit tells.
- Names are compared without case, punctuation and spaces; a Greek letter is its name.
- HGNC ids and accessions are those of the HGNC's complete set (copy of July 2024). Masses of
  proteins follow from the chains of UniProt or are those of the recombinant mature form; masses of
  small molecules are from their formula.
"""

from __future__ import annotations

import csv
import difflib
import io
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib import resources

from signature.exceptions import DefinitionError

FAMILIES = (
    "cytokine", "chemokine", "growth factor", "soluble receptor", "cell surface",
    "adhesion molecule", "enzyme", "enzyme inhibitor", "cytotoxic protein", "intracellular protein",
    "alarmin", "anti-inflammatory protein", "acute phase", "complement", "coagulation", "antibody",
    "bacterial product", "lipid mediator", "oxidative stress", "blood count", "blood count ratio",
    "cell subset", "kynurenine pathway", "neurotransmitter", "neuronal protein", "hormone",
    "adipokine", "metabolic", "exposure",
)  # fmt: skip
"""Every family that a marker can belong to."""


@dataclass(frozen=True)
class Marker:
    """One entry of the vocabulary.

    Parameters
    ----------
    name : str
        Canonical name: HGNC symbol where there is one.
    label : str
        How a report prints it.
    family : str
        One of `FAMILIES`.
    uniprot : str
        Accession of the human protein; of all chains, joined by ``|``, for a complex; of the
        precursor for a cleavage product; empty for anything else.
    aliases : tuple of str
        Other names found in laboratories' files.
    hgnc : str
        HGNC id of the gene or, joined by ``|``, of the genes.
    unit : str
        Usual unit, as `signature.assay.units.normalised` spells it; empty where none is usual.
    molecular_weight : float or None
        In g/mol. Small molecules: of the neutral compound. Proteins: of one mature chain without
        glycans, both chains for a dimer of two genes; a homodimer or trimer counts as its chains.
        None where a mass–molar conversion means little: isoforms of different size, shed
        receptors, mostly glycan, oligomers for which laboratories disagree (CRP).
    """

    name: str
    label: str
    family: str
    uniprot: str
    aliases: tuple[str, ...]
    hgnc: str = ""
    unit: str = ""
    molecular_weight: float | None = None


@dataclass(frozen=True)
class Resolution:
    """What the names of a file mean.

    Parameters
    ----------
    canonical : dict of str to str
        Name in the file → canonical name.
    unknown : tuple of str
        Names that the vocabulary does not have.
    ambiguous : dict of str to tuple of str
        Name in the file → the markers it may mean.
    classes : dict of str to tuple of str
        Name in the file → families, for words that mean a class of markers.
    """

    canonical: dict[str, str]
    unknown: tuple[str, ...] = ()
    ambiguous: dict[str, tuple[str, ...]] = field(default_factory=dict)
    classes: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def repeated(self) -> dict[str, tuple[str, ...]]:
        """Canonical name → names in the file, where several names mean one marker."""
        names: dict[str, list[str]] = {}
        for name, marker in self.canonical.items():
            names.setdefault(marker, []).append(name)
        return {marker: tuple(n) for marker, n in names.items() if len(n) > 1}


def _rows(table: str) -> Iterator[dict[str, str]]:
    text = (resources.files("signature.study") / table).read_text(encoding="utf-8")
    return csv.DictReader(io.StringIO(text))


def _several(cell: str) -> tuple[str, ...]:
    return tuple(part for part in cell.split("|") if part)


def _read() -> dict[str, Marker]:
    return {
        row["name"]: Marker(
            name=row["name"],
            label=row["label"] or row["name"],
            family=row["family"],
            uniprot=row["uniprot"],
            aliases=_several(row["aliases"]),
            hgnc=row["hgnc"],
            unit=row["unit"],
            molecular_weight=float(row["molecular_weight"]) if row["molecular_weight"] else None,
        )
        for row in _rows("markers.csv")
    }


VOCABULARY: dict[str, Marker] = _read()
"""All markers by canonical name."""

_GREEK = str.maketrans(
    {
        "α": "alpha",
        "β": "beta",
        "γ": "gamma",
        "δ": "delta",
        "ε": "epsilon",
        "κ": "kappa",
        "λ": "lambda",
        "μ": "mu",
        # written for β on German keyboards; casefold would make it "ss"
        "ß": "beta",
        "ẞ": "beta",
    }
)


def _key(name: str) -> str:
    """Reduce a name to what laboratories agree on: "IL-8", "il 8" and "IL8" are one."""
    if not name.isascii():
        # also folds the micro sign into mu, and superscript or full-width characters into plain
        name = unicodedata.normalize("NFKC", name).translate(_GREEK).casefold().translate(_GREEK)
    return "".join(letter for letter in name.casefold() if letter.isalnum())


def _names() -> dict[str, str]:
    """Map every name, label and alias to the canonical name; each belongs to one marker only."""
    found: dict[str, str] = {}
    for entry in VOCABULARY.values():
        for key in {_key(n) for n in (entry.name, entry.label, *entry.aliases)}:
            if found.setdefault(key, entry.name) != entry.name:
                raise DefinitionError(
                    f"signature/study/markers.csv: {key!r} means both {found[key]!r} and "
                    f"{entry.name!r}"
                )
    return found


_CANONICAL = _names()

AMBIGUOUS: dict[str, tuple[str, ...]] = {}
"""Names as the table writes them → the markers that share them."""

CLASSES: dict[str, tuple[str, ...]] = {}
"""Words for a class of markers, as reviews use them → the families it takes in."""

_USUAL: dict[str, str] = {}
_SHARED: dict[str, tuple[str, ...]] = {}
_CLASS: dict[str, tuple[str, ...]] = {}


def _read_names() -> None:
    for row in _rows("marker_names.csv"):
        key, meant = _key(row["name"]), _several(row["stands_for"])
        listed, by_key = (AMBIGUOUS, _SHARED) if row["kind"] == "ambiguous" else (CLASSES, _CLASS)
        if key in _CANONICAL or key in _SHARED or key in _CLASS:
            raise DefinitionError(
                f"signature/study/marker_names.csv: {row['name']!r} has a meaning already"
            )
        listed[row["name"]] = by_key[key] = meant
        if row["usual"]:
            _USUAL[key] = row["usual"]


_read_names()


def lookup(name: str) -> str | None:
    """Return the canonical name of a marker, or None when the vocabulary does not know it.

    Raises
    ------
    DefinitionError
        When several markers share the name.

    Examples
    --------
    >>> lookup("IL-8"), lookup("my new marker")
    ('CXCL8', None)
    """
    key = _key(name)
    if key in _SHARED:
        raise DefinitionError(
            f"{name!r} may mean {' or '.join(_SHARED[key])}; write which one it is"
        )
    return _CANONICAL.get(key)


def canonical(name: str, *, usual: bool = False) -> str:
    """Return the canonical name of a marker, however a laboratory writes it.

    Parameters
    ----------
    name : str
        A name, label or alias.
    usual : bool
        Read an ambiguous name as the literature usually means it, where there is a usual meaning
        ("IL-17" is IL-17A, "VEGF" is VEGF-A). For published findings; a laboratory knows what it
        measured.

    Raises
    ------
    DefinitionError
        When several markers share the name (they are listed), when the vocabulary does not know
        it (close names are suggested), or when it means a class of markers.

    Examples
    --------
    >>> canonical("IL-8"), canonical("EN-RAGE"), canonical("tnf-alpha"), canonical("IL-12p70")
    ('CXCL8', 'S100A12', 'TNF', 'IL12A_IL12B')
    >>> canonical("IL-17", usual=True)
    'IL17A'
    >>> canonical("IL-12")
    Traceback (most recent call last):
    ...
    signature.exceptions.DefinitionError: 'IL-12' may mean IL12A_IL12B or IL12B; write ...
    """
    key = _key(name)
    if usual and key in _USUAL:
        return _USUAL[key]
    found = lookup(name)
    if found is not None:
        return found
    if key in _CLASS:
        raise DefinitionError(
            f"{name!r} is a class of markers ({', '.join(_CLASS[key])}), not a marker; "
            "name the markers"
        )
    close = difflib.get_close_matches(key, _CANONICAL, n=3)
    near = dict.fromkeys(_CANONICAL[c] for c in close)
    hint = f"; did you mean {' or '.join(near)}?" if near else "."
    raise DefinitionError(
        f"no marker {name!r} in signature/study/markers.csv{hint} Add a line for a new marker, "
        "or an alias to the line of a known one"
    )


def resolve_all(names: Iterable[str], own: Mapping[str, str] | None = None) -> Resolution:
    """Say what each name of a file means, and refuse none.

    Parameters
    ----------
    names : iterable of str
        Analyte names as the file writes them.
    own : mapping of str to str, optional
        What the file's author says that a name means, letter by letter; it comes before the
        vocabulary. Its values are taken as they are.

    Returns
    -------
    Resolution
        Every name is in exactly one of its parts.

    Examples
    --------
    >>> found = resolve_all(["TNF.alpha", "bDNF", "BDNF", "CD4", "X9"], own={"bDNF": "NGF"})
    >>> found.canonical
    {'TNF.alpha': 'TNF', 'bDNF': 'NGF', 'BDNF': 'BDNF'}
    >>> found.unknown, found.ambiguous, found.repeated
    (('X9',), {'CD4': ('cd4_t_cells', 'sCD4')}, {})
    """
    own = own or {}
    known: dict[str, str] = {}
    unknown: list[str] = []
    ambiguous: dict[str, tuple[str, ...]] = {}
    classes: dict[str, tuple[str, ...]] = {}
    for name in dict.fromkeys(names):
        key = _key(name)
        if name in own:
            known[name] = own[name]
        elif key in _SHARED:
            ambiguous[name] = _SHARED[key]
        elif key in _CLASS:
            classes[name] = _CLASS[key]
        elif key in _CANONICAL:
            known[name] = _CANONICAL[key]
        else:
            unknown.append(name)
    return Resolution(known, tuple(unknown), ambiguous, classes)
