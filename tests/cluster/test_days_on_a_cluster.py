"""A slice of the first day on a cluster: decided, bought, captured, paid; begun again, nothing doubles."""

from tests.cluster.fresh import ON_A_CLUSTER, database_url, pool, settings, world
from tests.flows.test_first_day import test_a_slice_of_the_first_day_and_again

pytestmark = ON_A_CLUSTER

__all__ = ["database_url", "pool", "settings", "test_a_slice_of_the_first_day_and_again", "world"]
