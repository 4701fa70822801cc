"""What the lock files name, and under which licence each package is."""

import importlib.metadata
import re
from pathlib import Path
from typing import Final

from license_expression import AND, OR, LicenseSymbol, get_spdx_licensing
from msgspec import Struct

REQUIREMENTS: Final = Path(__file__).parent.parent.parent / "requirements"
SHIPPED: Final = ("service", "telemetry")  # in the image
LOCKS: Final = (*SHIPPED, "install", "embedded", "tests", "training")
_PIN: Final = re.compile(r"^([a-z0-9][a-z0-9._-]*)(?:\[[^]]*\])?==([^\s;\\]+)", re.MULTILINE)

# What may be used and passed on with a product of ours: nothing that reaches into our own code.
ALLOWED: Final = frozenset({
    "0BSD", "Apache-2.0", "Artistic-1.0-Perl", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "ISC", "MIT", "MIT-0",
    "MIT-CMU", "MPL-2.0", "PostgreSQL", "PSF-2.0", "Python-2.0", "Python-2.0.1", "Unlicense", "Zlib",
    "Apache-2.0 WITH LLVM-exception", "LicenseRef-Public-Domain",
})  # fmt: skip
_OF_CLASSIFIER: Final = {
    "MIT License": "MIT", "Apache Software License": "Apache-2.0", "BSD License": "BSD-3-Clause",
    "ISC License (ISCL)": "ISC", "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0", "Public Domain":
    "LicenseRef-Public-Domain", "The Unlicense (Unlicense)": "Unlicense", "Artistic License": "Artistic-1.0-Perl",
    "Python Software Foundation License": "PSF-2.0",
}  # fmt: skip
# Packages whose metadata says it in words, or that are installed elsewhere (Windows, older Python).
_TOLD: Final = {
    "async-timeout": "Apache-2.0", "charset-normalizer": "MIT", "colorama": "BSD-3-Clause",
    "promql-parser": "Apache-2.0", "protobuf": "BSD-3-Clause", "pyasn1": "BSD-2-Clause", "python-dotenv":
    "BSD-3-Clause", "resvg-py": "MIT", "rich-click": "MIT", "tzdata": "Apache-2.0",
}  # fmt: skip
_READ: Final = get_spdx_licensing()


class Package(Struct, frozen=True, order=True):
    """One line of a lock file."""

    name: str
    version: str


def packages(*locks: str) -> list[Package]:
    """What the lock files of these names pin, each once, by name."""
    found = {Package(*pin) for lock in locks for pin in _PIN.findall((REQUIREMENTS / f"{lock}.txt").read_text())}
    return sorted(found)


def licence_of(name: str) -> str | None:
    """The licence as an SPDX expression; None: the package does not say, or is not installed here."""
    if name in _TOLD:
        return _TOLD[name]
    try:
        said = importlib.metadata.metadata(name)
    except importlib.metadata.PackageNotFoundError:
        return None
    if "License-Expression" in said:
        return said["License-Expression"]
    classifiers = [one.rpartition(" :: ")[2] for one in said.get_all("Classifier") or () if one.startswith("License")]
    known = sorted({_OF_CLASSIFIER[one] for one in classifiers if one in _OF_CLASSIFIER})
    if known:
        return " OR ".join(known)
    given = str(said["License"]).strip() if "License" in said else ""
    return given if given in ALLOWED else None


def is_allowed(expression: str) -> bool:
    """Whether the terms can be kept: of an OR one, of an AND all."""
    return _holds(_READ.parse(expression))


def _holds(node: object) -> bool:
    if isinstance(node, OR):
        return any(map(_holds, node.args))
    if isinstance(node, AND):
        return all(map(_holds, node.args))
    return isinstance(node, LicenseSymbol) and str(node) in ALLOWED
