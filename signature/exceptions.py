"""Every error that a user's input can cause.

A message says what was expected, what arrived, where, and what to do. It names files, columns and
counts; it never repeats a person's values or identifier.
"""


class SignatureError(Exception):
    """Base of all errors of this package; the command line prints it without a stack trace."""


class DefinitionError(SignatureError):
    """A file that extends the software (model, data set, panel, …) does not export what it must."""


class SchemaError(SignatureError):
    """A feature schema is inconsistent, or a column is asked for that it does not have."""


class ExperimentError(SignatureError):
    """An experiment file is missing, malformed, or asks for something that does not exist."""


class DataFolderNotSetError(SignatureError):
    """The data set is read from a local folder and SIGNATURE_DATA does not point to it."""


class DownloadError(SignatureError):
    """A public file cannot be fetched, or what arrived is not that file."""


class TableError(SignatureError):
    """A table cannot be read as it should: file, encoding, delimiter, columns or cell types."""


class StudyError(SignatureError):
    """A study dictionary is missing, malformed, or does not fit the files it describes."""


class UnitError(SignatureError):
    """Two units cannot be converted into each other, or may never be mixed."""


class AssayError(SignatureError):
    """A laboratory's measurements contradict each other, or cannot be used as they are."""


class CurveError(AssayError):
    """A standard curve is not usable: too few standards, no slope, or no recovery."""


class CohortError(SignatureError):
    """The rows of a study contradict each other: duplicates, infinite values, nothing left."""


class OutcomeError(SignatureError):
    """The outcome cannot be learned from: not 0/1, one class only, or a site without events."""


class PredictionsError(SignatureError):
    """A predictions table is not one that can be evaluated."""


class AllocationError(SignatureError):
    """Arms of a trial and their allocation probabilities do not fit, or cannot be compared."""


class TrialError(SignatureError):
    """A trial cannot be analysed as asked: features or visits that came after randomisation."""


class LearningCurveError(SignatureError):
    """Training sizes do not tell how AUROC goes on: too few, or too close together."""


class ResultsError(SignatureError):
    """A file of a results folder is missing, damaged, or of another version or experiment."""


class OutputError(SignatureError):
    """A file cannot be written: no room, no leave, or something else has its name."""


class TrackingError(SignatureError):
    """The tracking store cannot be used as it is."""


class LauncherError(SignatureError):
    """The machines that a run was to be fitted on are not there, or not of the same code."""


class ServingError(SignatureError):
    """A server cannot listen where it was asked to."""


class ModelInputError(SignatureError):
    """Rows sent to a fitted model lack a required column or hold impossible numbers."""


class MissingExtraError(SignatureError):
    """Something that only an optional part of the installation brings is not there."""


class ModelFileError(SignatureError):
    """A saved model is missing, damaged, or holds types that this package does not trust."""


LONGEST = 2000
"""Characters of a message on a command line."""


def one_line(message: str) -> str:
    r"""Return a message as a command prints it: one line, nothing that steers a terminal.

    Examples
    --------
    >>> one_line("no file\n 'a\x1b[2Jb'")
    "no file 'a?[2Jb'"
    """
    line = "".join(c if c.isprintable() else "?" for c in " ".join(message.split()))
    return line if len(line) <= LONGEST else f"{line[:LONGEST]} …"
