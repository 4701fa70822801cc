"""`python -m service` is `tenor`."""

import sys

from service.cli import main

# Litestar loads pydantic wherever it is installed, as it is beside the tests: 0.25 s, for nothing of ours.
sys.modules.setdefault("pydantic", None)  # type: ignore[arg-type]  # so an import of it fails

sys.exit(main())
