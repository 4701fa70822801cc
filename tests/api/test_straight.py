"""The application is made without the framework's detours, and shares nothing with another of the same routes."""

import subprocess
import sys

import pytest
from litestar.routes import HTTPRoute

from service.api.straight import Straight
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
    assert [route for name, route in one._straight.items() if route.handler is other._straight[name].handler] == []
