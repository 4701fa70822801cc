"""`make clients`: a Python client of one audience, made from its page of openapi.yaml by openapi-python-client.

A tool: the generator is among the tests' packages, and no process runs this. The page itself is written beside the
client, for generators of other languages.
"""

import subprocess
import sys
from pathlib import Path
from typing import Final

import msgspec

from service.api.contract_page import page_of
from service.api.public import CONTRACT

# Generators know few media types; these say how to send and read what is neither JSON nor text.
FILES: Final = dict.fromkeys(
    ["text/csv", "application/x-ndjson", "application/xml", "application/yaml"], "application/octet-stream"
)


def make_python(contract: Path, out: Path) -> None:
    """The package `tenor_client` in `out`. Ends the program with the generator's words where a route is left out."""
    out.mkdir(parents=True, exist_ok=True)
    configuration = out / "configuration.json"
    configuration.write_bytes(msgspec.json.encode({"content_type_overrides": FILES, "post_hooks": []}))
    made = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "openapi_python_client", "generate", "--path", contract, "--config", configuration,
         "--meta", "none", "--overwrite", "--output-path", out / "tenor_client", "--fail-on-warning"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    configuration.unlink()
    if made.returncode or "WARNING" in made.stdout:
        raise SystemExit(made.stdout + made.stderr)


def main(audience: str, out: Path) -> None:
    """The page of an audience as `merchant.yaml`, and the Python client made from it."""
    out.mkdir(parents=True, exist_ok=True)
    page = out / f"{audience}.yaml"
    page.write_text(page_of(CONTRACT.read_text(), audience))
    make_python(page, out)
    print(f"{page}, {out / 'tenor_client'}")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
