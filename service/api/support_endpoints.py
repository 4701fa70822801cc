"""The same webhooks for who bears losses, at their own addresses: what becomes of its arrangements is sent."""

from typing import Any, Final

from service.api import deliveries, endpoints
from service.api.partner_endpoints import under

_AGREED: Final[dict[str, Any]] = {"types": ["arrangement.agreed"]}

make_support_endpoint = under(endpoints.make_endpoint, "make_support_endpoint", **_AGREED)
list_support_endpoints = under(endpoints.list_endpoints, "list_support_endpoints")
change_support_endpoint = under(endpoints.change_endpoint, "change_support_endpoint", **_AGREED)
rotate_support_secret = under(endpoints.rotate_secret, "rotate_support_secret")
test_support_endpoint = under(endpoints.test_endpoint, "test_support_endpoint")
replay_support_deliveries = under(deliveries.replay_deliveries, "replay_support_deliveries")
list_support_deliveries = under(deliveries.list_deliveries, "list_support_deliveries")

ROUTES: Final = [
    make_support_endpoint, list_support_endpoints, change_support_endpoint, rotate_support_secret,
    test_support_endpoint, replay_support_deliveries, list_support_deliveries,
]  # fmt: skip
