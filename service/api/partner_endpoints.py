"""The same webhooks for finance partners, at their own addresses: what happens to their share of each plan is sent."""

from types import FunctionType
from typing import Any, Final

from litestar import get, post
from litestar.handlers import HTTPRouteHandler
from msgspec.structs import replace

from service.api import deliveries, endpoints
from service.api.operation import Operation


def under(handler: HTTPRouteHandler, name: str, **example: Any) -> HTTPRouteHandler:
    """The same handler under another name, by which the contract knows it; `example` is another body for it."""
    same = handler.fn
    assert isinstance(same, FunctionType)
    fn = FunctionType(same.__code__, same.__globals__, name, same.__defaults__, same.__closure__)
    fn.__doc__, fn.__annotations__, fn.__module__ = same.__doc__, same.__annotations__, same.__module__
    (path,) = handler.paths
    said: Operation = handler.opt["operation"]
    opt = handler.opt | {"operation": replace(said, example=said.example | example)}
    if "GET" in handler.http_methods:
        return get(path, opt=opt)(fn)
    return post(path, status_code=handler.status_code, opt=opt)(fn)


_SHARE: Final[dict[str, Any]] = {"types": ["share.repayment"]}

make_partner_endpoint = under(endpoints.make_endpoint, "make_partner_endpoint", **_SHARE)
list_partner_endpoints = under(endpoints.list_endpoints, "list_partner_endpoints")
change_partner_endpoint = under(endpoints.change_endpoint, "change_partner_endpoint", **_SHARE)
rotate_partner_secret = under(endpoints.rotate_secret, "rotate_partner_secret")
test_partner_endpoint = under(endpoints.test_endpoint, "test_partner_endpoint")
replay_partner_deliveries = under(deliveries.replay_deliveries, "replay_partner_deliveries")
list_partner_deliveries = under(deliveries.list_deliveries, "list_partner_deliveries")

ROUTES: Final = [
    make_partner_endpoint, list_partner_endpoints, change_partner_endpoint, rotate_partner_secret,
    test_partner_endpoint, replay_partner_deliveries, list_partner_deliveries,
]  # fmt: skip
