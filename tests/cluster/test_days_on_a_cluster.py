"""Days on a cluster: a slice of the first, and what workers do of those that have ended; nothing doubles."""

from tests.cluster.fresh import ON_A_CLUSTER, database_url, pool, settings, world
from tests.flows.test_first_day import test_a_slice_of_the_first_day_and_again
from tests.flows.test_worker import (
    test_one_whose_round_does_not_end_stops_all_the_same,
    test_two_workers_do_all_of_it_once_and_stop_when_told,
)

pytestmark = ON_A_CLUSTER

__all__ = [
    "database_url", "pool", "settings", "test_a_slice_of_the_first_day_and_again",
    "test_one_whose_round_does_not_end_stops_all_the_same", "test_two_workers_do_all_of_it_once_and_stop_when_told",
    "world",
]  # fmt: skip
