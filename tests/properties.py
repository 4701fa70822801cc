"""How hard a property is tried: a few hundred examples, or 10,000 with HYPOTHESIS_PROFILE=full."""

import os

from hypothesis import HealthCheck, settings

settings.register_profile("quick", max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
settings.register_profile("full", max_examples=10_000, deadline=None, suppress_health_check=list(HealthCheck))
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))
