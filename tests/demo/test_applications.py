"""The real applications, as the replay reads them."""

import pytest

from service.demo.applications import PROTECTED, key_of, nearest_offer, read_applications

APPLICATIONS = read_applications()


def test_all_of_them_are_read() -> None:
    assert len(APPLICATIONS) == 700
    assert sum(one.is_good for one in APPLICATIONS) == 490  # 70 % ended well, as in the whole data set
    first = APPLICATIONS[0]
    assert (first.purpose, first.amount, first.months, first.is_good) == ("car (new)", 1283_00, 22, True)
    assert first.attributes["age_in_years"] == 25


def test_sex_marital_status_foreign_worker_and_the_ending_go_nowhere() -> None:
    assert not {name for one in APPLICATIONS for name in one.attributes} & {*PROTECTED, "creditability"}


def test_the_good_pay_everything_and_the_bad_stop() -> None:
    for one in APPLICATIONS:
        assert one.pays(12) == 12 if one.is_good else one.pays(12) < 12
    assert len({one.pays(12) for one in APPLICATIONS if not one.is_good}) > 5  # not all at the same instalment


def test_a_key_is_the_same_in_every_replay_and_another_for_every_request() -> None:
    keys = [key_of(one.reference, verb) for one in APPLICATIONS for verb in ("consumer", "checkout", "plan")]
    assert len(set(keys)) == len(keys)
    assert keys[2] == key_of(read_applications()[0].reference, "plan")


def _offer(kind: str, *due_on: str) -> dict[str, object]:
    return {"kind": kind, "schedule": [{"due_on": day} for day in due_on]}


@pytest.mark.parametrize(
    ("months", "nearest"),
    [(1, 0), (6, 1), (8, 1), (10, 2), (48, 2)],
)
def test_the_offer_nearest_the_term_is_taken(months: int, nearest: int) -> None:
    offers = [
        _offer("instalments", "2026-01-02", "2026-02-13"),
        _offer("instalments", "2026-02-02", "2026-07-02"),
        _offer("instalments", "2026-02-02", "2027-01-02"),
        _offer("deposit", "2026-02-02", "2036-01-02"),
    ]
    assert nearest_offer(offers, months) == offers[nearest]


def test_no_offer_is_none() -> None:
    assert nearest_offer([_offer("deposit", "2026-02-02")], 6) is None
