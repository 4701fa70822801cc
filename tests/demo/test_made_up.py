"""The purchases that are made up: the same each time, of both kinds, and apart from the real ones."""

from collections import Counter

from service.demo.applications import read_applications
from service.demo.made_up import CATEGORIES, Ending, MadeUp, made_up
from service.plans.offer import Kind

ALL = made_up()


def test_they_are_the_same_each_time() -> None:
    assert made_up() == ALL
    assert len({one.reference for one in ALL}) == len(ALL)
    assert Counter(one.kind for one in ALL) == {Kind.PAY_AFTER_USE: 40, Kind.DEPOSIT: 20}


def test_every_ending_of_a_kind_is_there() -> None:
    assert {one.ending for one in ALL if one.kind is Kind.PAY_AFTER_USE} == {*Ending} - {Ending.RETURNED}
    assert {one.ending for one in ALL if one.kind is Kind.DEPOSIT} == {*Ending} - {Ending.UNUSED}


def test_what_is_charged_is_never_above_what_was_agreed() -> None:
    def most(one: MadeUp) -> int:
        return one.thing.deposit_amount if one.kind is Kind.DEPOSIT else one.thing.amount

    assert all(0 < one.charged <= most(one) for one in ALL)
    assert all((one.thing.deposit_amount > 0) is (one.kind is Kind.DEPOSIT) for one in ALL)


def test_they_are_told_apart_from_the_real_ones_and_word_people_alike() -> None:
    real = read_applications()
    assert not CATEGORIES & {one.purpose for one in real}
    words = {(name, value) for one in real for name, value in one.attributes.items() if isinstance(value, str)}
    made = {(name, value) for one in ALL for name, value in one.attributes.items() if isinstance(value, str)}
    assert made <= words
