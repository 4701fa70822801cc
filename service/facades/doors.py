"""The facades that are switched on, by the first part of their addresses."""

from collections.abc import Iterable
from typing import Final

from litestar.types import ASGIApp
from msgspec import Struct

from service.errors import Refused
from service.facades.afterpay import buying as afterpay
from service.facades.afterpay.door import DOOR as AFTERPAY
from service.facades.agreeing import Side, door_of
from service.facades.agreeing import worded as agreeing_worded
from service.facades.alma import buying as alma
from service.facades.alma import telling as alma_telling
from service.facades.alma.door import DOOR as ALMA
from service.facades.door import Door, Reply
from service.facades.notifying_flow import Write
from service.facades.wechat import flow as wechat
from service.facades.wechat import permitting
from service.facades.wechat import telling as wechat_telling
from service.facades.wechat.door import DOOR as WECHAT


class Facade(Struct, frozen=True):
    """Where a facade's addresses begin, and what it does on the consumer's page, by the kind of its orders."""

    doors: dict[str, Door]
    sides: dict[str, Side]


FACADES: Final = {
    "alma": Facade({"alma": ALMA}, {"alma": alma.SIDE}),
    "afterpay": Facade({"v2": AFTERPAY}, {"afterpay": afterpay.SIDE}),
    "wechat": Facade({"v3": WECHAT, "payscore": WECHAT}, {wechat.NAME: wechat.SIDE, permitting.NAME: permitting.SIDE}),
}


WRITERS: Final[dict[str, Write]] = {**alma_telling.WRITERS, **wechat_telling.WRITERS}


def doors_of(names: Iterable[str]) -> dict[str, ASGIApp]:
    """The doors of these facades, and the page on which their consumers agree; none, of no facade."""
    chosen = {name: FACADES[name] for name in names}
    doors: dict[str, ASGIApp] = {first: door for one in chosen.values() for first, door in one.doors.items()}
    sides = {name: side for one in chosen.values() for name, side in one.sides.items()}
    return doors | {"agree": door_of(sides)} if chosen else {}


def worded_at(first: str, refused: Refused) -> Reply | None:
    """A refusal as who calls addresses that begin so reads it: `alma`, `agree`; None: those are our own clients."""
    return _WORDED[first](refused) if first in _WORDED else None


_WORDED: Final = {first: door.worded for one in FACADES.values() for first, door in one.doors.items()} | {
    "agree": agreeing_worded
}
