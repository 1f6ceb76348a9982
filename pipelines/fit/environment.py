"""What ran: the versions of code and libraries."""

from __future__ import annotations

import platform
import subprocess
from importlib.metadata import version

from pipelines import CHECKOUT
from pipelines.fit.digest import xgboost_version
from signature import __version__

_LIBRARIES = (
    "numpy",
    "pandas",
    "scipy",
    "scikit-learn",
    "skops",
    "optuna",
    "shap",
    "mlflow",
    "pydantic",
)


def library_versions() -> dict[str, str]:
    """Versions by name, with ``python`` and ``platform``."""
    return {
        "immune-signature": __version__,
        **{name: version(name) for name in _LIBRARIES},
        "xgboost": xgboost_version(),
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
    }


def code_version() -> str:
    """Commit of the checkout, marked when files differ from it; the package version outside git."""
    try:
        commit = _git("rev-parse", "HEAD")
        deciding = ("signature", "models", "pipelines", "experiments")
        changed = _git("status", "--porcelain", "--", *deciding)
    except (OSError, subprocess.CalledProcessError):
        return __version__
    return commit + (" with uncommitted changes" if changed else "")


def _git(*arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=CHECKOUT, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()
