"""Chance walks through the verbs on a cluster, and the model says of each answer what it says on one machine."""

from tests.cluster.fresh import ON_A_CLUSTER, database_url, pool, settings, world
from tests.flows.test_walk import test_the_service_does_what_the_model_says

pytestmark = ON_A_CLUSTER

__all__ = ["database_url", "pool", "settings", "test_the_service_does_what_the_model_says", "world"]
