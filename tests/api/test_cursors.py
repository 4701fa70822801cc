"""A cursor of another list is refused, by every list whose cursor is an id."""

import re
from inspect import signature

import pytest

from service import ids
from service.contract.contract import Route, parameters_of
from tests.api.routes import NOTHING, client_for
from tests.contract.app import ROUTES
from tests.flows.collecting import registered
from tests.flows.conftest import first_of_many as first_of_many  # the service on real servers
from tests.flows.conftest import world as world
from tests.flows.conftest import world_alone as world_alone
from tests.flows.conftest import world_among_many as world_among_many
from tests.flows.world import SHARED, World

pytestmark = SHARED

ANOTHER = f"{ids.SIGNING}_00000000000000000000000000"  # of nothing that is listed


def is_paged(route: Route) -> bool:
    """Operators are listed by their names, of which any text may be one."""
    is_by_name = route.path.endswith("/operators")
    return route.method == "GET" and "after" in signature(route.handler.fn).parameters and not is_by_name


PAGED = [name for name, route in ROUTES.items() if is_paged(route)]


@pytest.mark.parametrize("name", PAGED)
async def test_a_cursor_of_another_list_is_refused(world: World, name: str) -> None:
    route = ROUTES[name]
    if route.audience == "processor":
        await registered(world, "http://127.0.0.1:9/")
    if route.audience == "support":
        await world.with_a_party()
    path = route.path
    for word in parameters_of(path):
        path = path.replace(f"{{{word}}}", NOTHING.get(word, "EUR"))
    query = {one: value for one, value in route.operation.example.items() if not re.search("[{}]", str(value))}
    if "merchant_id" in signature(route.handler.fn).parameters and "{merchant_id}" not in route.path:
        query["merchant_id"] = world.demo.merchant_id
    refused = await client_for(world, route.path).get(path, **query | {"after": ANOTHER})
    problem = refused.json()
    assert (refused.status_code, problem["code"], problem["pointer"]) == (400, "invalid_field", "/after"), refused.text


async def test_operators_and_accounts_of_ours_are_listed_page_by_page(world: World) -> None:
    for path, what, name in (("operators", "operators", "person"), ("bank-accounts", "accounts", "iban")):
        whole = (await world.operator.get(f"/v1/operator/{path}")).json()[what]
        found, after = [], ""
        while page := (await world.operator.get(f"/v1/operator/{path}", after=after, limit=1)).json()[what]:
            found += page
            after = page[-1][name]
        assert found == whole
