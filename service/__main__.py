"""`python -m service` is `tenor`."""

import os
import sys
from typing import Final

from service.cli import main

# What libraries load wherever it is installed, for nothing of ours: 0.4 s of a start. So an import of it fails, and
# they go on without it: Litestar without pydantic, httpx without its command line, redis-py without its metrics.
NOT_FOR_US: Final = ["pydantic", "httpx._main"]
if not any(name.startswith("OTEL_EXPORTER_OTLP") for name in os.environ):
    NOT_FOR_US.append("opentelemetry")
for module in NOT_FOR_US:
    sys.modules.setdefault(module, None)  # type: ignore[arg-type]

sys.exit(main())
