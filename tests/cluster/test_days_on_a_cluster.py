"""Days on a cluster: slices of the first, with its losses, and what workers do of those that have ended."""

from tests.cluster.fresh import ON_A_CLUSTER, database_url, pool, settings, world
from tests.flows.test_first_day import (
    test_a_slice_of_the_first_day_and_again,
    test_merchants_are_settled_and_paid,
    test_one_person_at_two_shops_has_one_limit,
    test_three_planted_faults_are_found_and_named_and_then_the_day_is_reconciled,
    test_what_is_made_up_shows_the_other_kinds_in_all_their_endings,
    test_what_nobody_pays_is_given_up_and_borne,
)
from tests.flows.test_worker import (
    test_one_whose_round_does_not_end_stops_all_the_same,
    test_two_workers_do_all_of_it_once_and_stop_when_told,
)

pytestmark = ON_A_CLUSTER

__all__ = [
    "database_url", "pool", "settings", "test_a_slice_of_the_first_day_and_again",
    "test_merchants_are_settled_and_paid", "test_one_person_at_two_shops_has_one_limit",
    "test_one_whose_round_does_not_end_stops_all_the_same",
    "test_three_planted_faults_are_found_and_named_and_then_the_day_is_reconciled",
    "test_two_workers_do_all_of_it_once_and_stop_when_told",
    "test_what_is_made_up_shows_the_other_kinds_in_all_their_endings", "test_what_nobody_pays_is_given_up_and_borne",
    "world",
]  # fmt: skip
