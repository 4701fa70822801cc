"""`python -m service` is `tenor`."""

import sys

from service.cli import main

sys.exit(main())
