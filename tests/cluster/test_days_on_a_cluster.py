"""What is told of one machine is as true of a cluster: the contract's story, walks, the first day, days and workers."""

from tests.cluster.fresh import ON_A_CLUSTER, database_url, pool, settings, world
from tests.flows.test_first_day import (
    test_a_slice_of_the_first_day_and_again,
    test_what_is_made_up_shows_the_other_kinds_in_all_their_endings,
    test_what_nobody_pays_is_given_up_and_borne,
)
from tests.flows.test_walk import test_the_service_does_what_the_model_says
from tests.flows.test_worker import test_two_workers_do_all_of_it_once_and_stop_when_told
from tests.flows.test_worker_killed import test_whichever_worker_is_killed_each_amount_is_booked_once

pytestmark = ON_A_CLUSTER

__all__ = [
    "database_url",
    "pool",
    "settings",
    "test_a_slice_of_the_first_day_and_again",
    "test_the_service_does_what_the_model_says",
    "test_two_workers_do_all_of_it_once_and_stop_when_told",
    "test_what_is_made_up_shows_the_other_kinds_in_all_their_endings",
    "test_what_nobody_pays_is_given_up_and_borne",
    "test_whichever_worker_is_killed_each_amount_is_booked_once",
    "world",
]
