"""`python -m service` is `tenor`."""

import os
import sys
from enum import EnumType
from typing import Final

from service.cli import main

# What libraries load wherever it is installed, for nothing of ours: 0.4 s of a start. So an import of it fails, and
# they go on without it: Litestar without pydantic, httpx without its command line, redis-py without its metrics.
NOT_FOR_US: Final = ["pydantic", "httpx._main"]
if not any(value.strip() for name, value in os.environ.items() if name.startswith("OTEL_EXPORTER_OTLP")):
    NOT_FOR_US.append("opentelemetry")
for module in NOT_FOR_US:
    sys.modules.setdefault(module, None)  # type: ignore[arg-type]

# In Python 3.11 the class of all enums has a `__getattr__`. No enum needs it, but because of it `Color.RED` takes
# 0.2 us instead of 0.06. Python 3.12 has removed it.
if "__getattr__" in vars(EnumType):
    delattr(EnumType, "__getattr__")

sys.exit(main())
