"""The command ``signature``: what a partner runs where only the wheel is installed."""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import pandas as pd

from signature import __version__, discovery
from signature.assay.reading import Reading
from signature.assay.study import DescribedStudy, read_study
from signature.check import check_study
from signature.check.page import page
from signature.check.report import CheckReport, Severity
from signature.check.text import summary
from signature.exceptions import SignatureError, StudyError, one_line
from signature.study.cohort import Cohort
from signature.study.markers import VOCABULARY, resolve_all
from signature.study.spelling import closest
from signature.writing import write_whole

FINE, FOUND, UNREADABLE = 0, 1, 2
"""Exit codes: no error found, errors found, could not be read."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code.

    Parameters
    ----------
    arguments : sequence of str, optional
        Words after the command; those of the process when left out.
    """
    told = _parser().parse_args(arguments)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal without × gets a question mark
    try:
        return told.run(told)
    except SignatureError as error:
        print(one_line(f"signature {told.command}: {error}"), file=sys.stderr)
        return UNREADABLE
    except OSError as error:
        # the message of the system names the file; nothing of its content is in it
        why = f"{error.strerror or type(error).__name__}: {error.filename}"
        print(one_line(f"signature {told.command}: {why}"), file=sys.stderr)
        return UNREADABLE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="signature", description="Immune signatures: tools for a study's own laboratory."
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    check = commands.add_parser(
        "check",
        help="say what is wrong or doubtful in a study",
        description=(
            "Read a study and say what is wrong or doubtful in it. Nothing leaves this machine, "
            "and no output but that of --rows names a sample."
        ),
        epilog=(
            "A study dictionary names the files of a study and says what their columns mean; "
            "'python -m pydoc signature.assay.study' shows one. "
            "Exit code: 0 no errors found, 1 errors found, 2 the study could not be read."
        ),
    )
    check.add_argument(
        "study", metavar="STUDY", help="study dictionary (.toml), or name of a data set"
    )
    check.add_argument("--html", type=Path, metavar="FILE", help="write a page to look at")
    check.add_argument("--json", type=Path, metavar="FILE", help="write everything for programs")
    check.add_argument(
        "--rows",
        type=Path,
        metavar="FILE",
        help="list what was not used, with lines and sample names, as CSV; keep this file local",
    )
    check.add_argument(
        "--within",
        type=Path,
        metavar="FOLDER",
        help="folder that the files of the dictionary may lie in (the dictionary's own)",
    )
    check.add_argument("--site", metavar="COLUMN", help="recorded column that is the site")
    check.add_argument("--plate", metavar="COLUMN", help="recorded column that is the plate")
    check.add_argument(
        "--outcome", metavar="NAME", help="one of the outcomes that the software knows"
    )
    check.set_defaults(run=_check)
    serve = commands.add_parser(
        "serve",
        help="answer scoring requests over HTTP with a saved model",
        description=(
            "Serve a model folder: POST /score, GET /health/live, /health/ready and /openapi.json. "
            "Needs immune-signature[serve]. No row and no value is written to a log."
        ),
    )
    serve.add_argument("model", type=Path, metavar="MODEL", help="model folder")
    serve.add_argument("--host", default="127.0.0.1", help="address to listen at (127.0.0.1)")
    serve.add_argument("--port", type=int, default=5001, help="port to listen at (5001)")
    serve.add_argument(
        "--digest", metavar="SHA256", help="serve only the model whose card has this digest"
    )
    serve.set_defaults(run=_serve)
    names = commands.add_parser(
        "names",
        help="say which markers a laboratory's names mean",
        description="Say which marker each name means, where the vocabulary of markers knows it.",
        epilog="Exit code: 0 every name means one marker, 1 some do not.",
    )
    names.add_argument("names", nargs="+", metavar="NAME", help="as the laboratory writes it")
    names.set_defaults(run=_names)
    return parser


def _check(told: argparse.Namespace) -> int:
    report, reading = _report(told)
    print(summary(report))
    for file, content in ((told.html, page), (told.json, _json)):
        if file is not None:
            write_whole(file, content(report))
            print(f"Written: {file}")
    if told.rows is not None:
        write_whole(told.rows, reading.set_aside.to_csv(index=False))
        print(f"Written: {told.rows} (names samples; keep it local)")
    return FOUND if report.count(Severity.ERROR) else FINE


def _serve(told: argparse.Namespace) -> int:
    from signature.serve.answering import Answerer
    from signature.serve.app import serve
    from signature.serve.serving import Scorer

    answerer = Answerer(Scorer(told.model, told.digest))

    def say(port: int) -> None:
        name = answerer.scorer.card.experiment
        print(f"Serving {name} at http://{told.host}:{port}/score", flush=True)

    serve(answerer, told.host, told.port, listening=say)
    return FINE


def _names(told: argparse.Namespace) -> int:
    found = resolve_all(told.names)
    for name in dict.fromkeys(told.names):
        if name in found.canonical:
            marker = VOCABULARY[found.canonical[name]]
            source = f", UniProt {marker.uniprot}" if marker.uniprot else ""
            meaning = f"{marker.name}, {marker.family}{source}"
        elif name in found.ambiguous:
            meaning = f"may mean {' or '.join(found.ambiguous[name])}; write which one it is"
        elif name in found.classes:
            meaning = f"a class of markers ({', '.join(found.classes[name])}), not a marker"
        else:
            near = closest(name, VOCABULARY)
            meaning = "not known" + (f"; did you mean {near}?" if near else "")
        print(f"{name}: {meaning}")
    return FOUND if found.unknown or found.ambiguous or found.classes else FINE


def _report(told: argparse.Namespace) -> tuple[CheckReport, Reading]:
    if told.study.endswith(".toml"):
        return _of_described(read_study(Path(told.study), within=told.within), told)
    module = _data_set(told.study)
    if hasattr(module, "read"):  # a study dictionary describes its files
        return _of_described(module.read(), told)
    cohort: Cohort = module.load()
    outcome = _outcome(cohort, told.outcome) if told.outcome else None
    report = check_study(cohort, site=told.site, batch=told.plate, outcome=outcome)
    return report, Reading()


def _of_described(study: DescribedStudy, told: argparse.Namespace) -> tuple[CheckReport, Reading]:
    outcome = _outcome(study.cohort, told.outcome) if told.outcome else study.outcome
    report = check_study(
        study.cohort,
        study.quality,
        site=told.site or study.site,
        batch=told.plate,
        outcome=outcome,
        reading=study.reading,
        title=study.title,
    )
    return report, study.reading


def _data_set(name: str) -> ModuleType:
    known = discovery.names("signature.datasets")
    if name not in known:
        raise StudyError(
            f"{name!r} is neither a study dictionary (a file that ends in .toml) nor a data set; "
            f"data sets are: {', '.join(known)}"
        )
    return discovery.load("signature.datasets", name, ["load"])


def _outcome(cohort: Cohort, name: str) -> pd.Series:
    """Derive a known outcome; rows that its definition leaves out have none."""
    module = discovery.load("signature.outcomes", name, ["derive"])
    try:
        values: pd.Series = module.derive(cohort.records)
        left_out = module.ineligible(cohort.records) if hasattr(module, "ineligible") else None
    except KeyError as error:
        raise StudyError(
            f"outcome {name!r} needs the recorded column {error}, which {cohort.name!r} lacks"
        ) from None
    if left_out is not None:
        values = values.where(left_out.isna())
    return values.rename(name)


def _json(report: CheckReport) -> str:
    return report.model_dump_json(indent=2)
