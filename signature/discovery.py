"""Find the files of a folder that extend the software, and check what each one exports.

The file name is the identifier everywhere; there is no registry to keep in step.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Sequence
from types import ModuleType

from signature.exceptions import DefinitionError


def names(package: str) -> list[str]:
    """List the identifiers that a package holds, sorted, without importing them."""
    folder = importlib.import_module(package)
    return sorted(m.name for m in pkgutil.iter_modules(folder.__path__) if m.name[0] != "_")


def load(package: str, name: str, exports: Sequence[str]) -> ModuleType:
    """Import one file of a package and check what it exports.

    Raises
    ------
    DefinitionError
        When there is no such file, or it lacks an export.

    Examples
    --------
    >>> load("signature.datasets", "optt", ["load"])
    Traceback (most recent call last):
        ...
    signature.exceptions.DefinitionError: signature/datasets has no 'optt'; it has:...
    """
    folder = package.replace(".", "/")
    known = names(package)
    if name not in known:
        raise DefinitionError(f"{folder} has no {name!r}; it has: {', '.join(known)}")
    module = importlib.import_module(f"{package}.{name}")
    missing = [e for e in exports if not hasattr(module, e)]
    if missing:
        raise DefinitionError(f"{folder}/{name}.py must export {', '.join(missing)}")
    return module


def load_all(package: str, exports: Sequence[str]) -> dict[str, ModuleType]:
    """Import every file of a package, keyed by its name."""
    return {name: load(package, name, exports) for name in names(package)}
