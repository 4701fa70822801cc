"""Which facades there are is a setting: none, until it names some; and what a ticket of the consumer's page is."""

import pytest

from service.access.key import Secrets
from service.admission import Urgency, urgency_by
from service.config import FACADES, CannotStart, read
from service.facades.doors import doors_of
from service.facades.ticket import order_of, ticket_of
from tests.flows.conftest import world as world  # the service without any facade
from tests.flows.conftest import world_alone as world_alone
from tests.flows.world import World

SECRETS = Secrets("k" * 32)


async def test_there_is_none_until_it_is_named(world: World) -> None:
    for address in ("/alma/v1/me", "/v2/configuration", "/v3/payscore/serviceorder", "/agree/x.0"):
        answered = await world.merchant.get(address)
        assert (answered.status_code, answered.json()["code"]) == (404, "not_found")


def test_each_has_its_addresses() -> None:
    assert doors_of([]) == {}
    assert set(doors_of(FACADES)) == {"alma", "v2", "v3", "payscore", "agree"}
    assert set(doors_of(["alma"])) == {"alma", "agree"}


@pytest.mark.parametrize("text", ["klarna", "alma,klarna", "alma,alma", "alma,,wechat"])
def test_a_facade_that_there_is_not_is_no_setting(text: str) -> None:
    with pytest.raises(CannotStart, match="TENOR_FACADES"):
        read({"TENOR_FACADES": text})


def test_their_requests_are_let_in_and_counted_like_ours() -> None:
    assert urgency_by("POST", "/alma/v1/payments") is Urgency.CHECKOUT
    assert urgency_by("POST", "/alma/v1/payments/de_1/refund") is Urgency.MONEY
    assert urgency_by("PUT", "/v2/payments/pl_1") is Urgency.MONEY
    assert urgency_by("POST", "/v3/payscore/serviceorder/1/complete") is Urgency.MONEY
    assert urgency_by("GET", "/agree/x.0") is Urgency.LIST


def test_a_ticket_names_one_order_and_cannot_be_made() -> None:
    ticket = ticket_of(SECRETS, "alma", "me_1", "de_1")
    assert order_of(SECRETS, ticket) == ("alma", "me_1", "de_1")
    assert order_of(Secrets("n" * 32, "k" * 32), ticket) == ("alma", "me_1", "de_1")  # the secret is being followed
    assert order_of(Secrets("n" * 32), ticket) is None
    other = ticket_of(SECRETS, "alma", "me_1", "de_2")
    assert order_of(SECRETS, f"{other.partition('.')[0]}.{ticket.partition('.')[2]}") is None
    for broken in ("", ".", "x", "é.é", ticket.replace(".", "")):
        assert order_of(SECRETS, broken) is None
