"""The application, put together once, for tests that only look at what it is made of."""

from typing import Final

from service.app import create_app
from service.config import Settings
from service.contract.contract import routes_of

APP: Final = create_app(Settings())
ROUTES: Final = routes_of(APP)
