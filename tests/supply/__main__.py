"""`python -m tests.supply audit | licences | sbom`: what Tenor is made of."""

import re
import sys

from tests.supply import audit, sbom
from tests.supply.locked import LOCKS, REQUIREMENTS, is_allowed, licence_of, packages


def main(command: str, *more: str) -> int:
    match command:
        case "audit":
            return audit.main(more)
        case "licences":
            return licences()
        case "sbom":
            found = re.search(r'^version = "(.*)"$', (REQUIREMENTS.parent / "pyproject.toml").read_text(), re.MULTILINE)
            assert found
            print(sbom.text(found[1]))
            return 0
        case _:
            print(__doc__, file=sys.stderr)
            return 2


def licences() -> int:
    """Every package with its licence; 1 where one is not allowed, or not known."""
    faults = 0
    for one in packages(*(lock for lock in LOCKS if lock != "training")):
        licence = licence_of(one.name)
        is_fine = licence is not None and is_allowed(licence)
        faults += not is_fine
        print(f"{one.name:38} {one.version:20} {licence or 'not known'}{'' if is_fine else '  <-- not allowed'}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(*(sys.argv[1:] or ["help"])))
