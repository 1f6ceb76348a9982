"""Where a benchmark keeps what is finished, and of which code it is."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

SELECTION_CODE = (
    "signature/stability_selection.py",
    "signature/marker_ranks.py",
    "signature/selection_threshold.py",
    "signature/stability_bounds.py",
    "signature/strongest_marker.py",
    "signature/exceedances.py",
    "signature/half_samples.py",
    "signature/covariates.py",
    "signature/_path_kernel.py",
    "signature/stable_signature.py",
    "models/stable_signature.py",
)


def selection_code() -> str:
    """Digest of the code that selects: numbers of another digest are of other code."""
    files = [Path(name).read_bytes() for name in SELECTION_CODE]
    return sha256(b"".join(sha256(f).digest() for f in files)).hexdigest()[:12]


def kept(benchmark: str) -> Path:
    """Return the folder of finished parts, made where it is not there; other code has another."""
    folder = Path("results") / benchmark / selection_code()
    folder.mkdir(parents=True, exist_ok=True)
    return folder
