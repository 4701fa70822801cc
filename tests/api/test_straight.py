"""The application is made without the framework's detours, and shares nothing with another of the same routes."""

import subprocess
import sys

import pytest
from litestar import get
from litestar.routes import HTTPRoute

from service.api.straight import Handlers, LateRoute, Straight
from service.app import create_app
from service.config import Settings

WITHOUT = """
import sys
from service.app import create_app
from service.config import Settings
create_app(Settings())
assert "pydantic" not in sys.modules
"""


def handlers_of(app: Straight) -> dict[tuple[str, str], object]:
    return {
        (method, route.path): handler
        for route in app.routes
        if isinstance(route, HTTPRoute)
        for method, (handler, _) in route.route_handler_map.items()
    }


@pytest.mark.long
def test_nothing_is_loaded_that_no_route_needs() -> None:
    subprocess.run([sys.executable, "-c", WITHOUT], check=True)


def test_two_applications_have_handlers_of_their_own() -> None:
    one, other = [create_app(Settings()) for _ in range(2)]
    assert isinstance(one, Straight)
    assert isinstance(other, Straight)
    first, second = handlers_of(one), handlers_of(other)
    assert first.keys() == second.keys()
    assert [name for name, handler in first.items() if handler is second[name]] == []
    assert one._straight.keys() == other._straight.keys()
    assert len(one._straight) > 200  # what is annotated otherwise would go the framework's way, and nobody would notice
    assert [route for name, route in one._straight.items() if route.handler is other._straight[name].handler] == []


def test_the_framework_could_read_every_handler() -> None:
    """It does so when a request first goes its way: what it would refuse is found here."""
    routes = [route for route in create_app(Settings()).routes if isinstance(route, LateRoute)]
    assert len(routes) > 300
    for route in routes:
        route.read()


def test_no_address_has_two_handlers_of_one_method() -> None:
    @get("/here")
    async def one() -> None: ...

    @get("/here")
    async def another() -> None: ...

    with pytest.raises(AssertionError, match="two handlers of one method: /here"):
        Straight(route_handlers=[Handlers(path="/", route_handlers=[one, another])], openapi_config=None)
