"""One view of all that a process keeps in memory, and how its parts are read from their rows."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final

import asyncpg
import msgspec
from msgspec import Struct

from service.access import known_by
from service.access.key import Principal, Secrets
from service.checkout.challenger import Trial
from service.merchants.fee import FeeSchedule, Volume
from service.merchants.merchant import Merchant
from service.merchants.platform_terms import PlatformTerms
from service.operators.flow import Subject
from service.outside.gateway import Address
from service.outside.source import DataType
from service.partners.programme import Programme
from service.payments import processor
from service.payments.processor import Protocol
from service.policies.version import Span, in_force
from service.subsidies.offered import SchemeNow
from service.subsidies.scheme import SchemeDocument

EXPIRED: Final = timedelta(days=30)  # so long we tell that a key has expired


class Known(Struct, frozen=True):
    """One consistent view: a request reads it once and keeps it."""

    keys: dict[bytes, Principal] = {}  # by HMAC
    hmacs: dict[str, bytes] = {}  # of the same keys, by id
    pages: dict[str, int] = {}  # where pages are that have a publishable key, and how many
    people: dict[Subject, Principal] = {}  # operators whom a provider knows
    merchants: dict[str, Merchant] = {}
    programmes: tuple[Programme, ...] = ()
    rulebook: int = 0  # the revision that `policies` and `trial` are of
    policies: tuple[Span, ...] = ()  # published, in the order they begin
    trial: Trial | None = None
    schemes: tuple[SchemeNow, ...] = ()  # that bear interest, in their last versions
    gateways: dict[str, Address] = {}  # by name
    processors: dict[str, processor.Address] = {}  # by id; retired ones among them
    known_by: dict[str, str] = {}  # by what gateways and processors know us, by their ids
    clocks: dict[str, timedelta] = {}  # how far a test merchant's is ahead of real time; one never moved is not there


class Horizon(Struct, frozen=True):
    """When we last looked: the transactions below `open` were over, and there was none from `to_come` on."""

    open: int = 0
    to_come: int = 0


class Keys:
    """The keys of a view, as they become with rows that changed; the view itself stays as it is."""

    def __init__(self, before: Known) -> None:
        self.keys = dict(before.keys)
        self.hmacs = dict(before.hmacs)
        self.pages = dict(before.pages)

    def take(self, row: asyncpg.Record) -> None:
        """A row that is new, or has changed."""
        if (hmac := self.hmacs.pop(row["key_id"], None)) is not None:
            self._count(self.keys.pop(hmac), -1)
        if not row["is_revoked"]:
            principal = Principal(
                row["key_id"], row["audience"], row["owner_id"], _set(tuple(row["scopes"])),
                _set(tuple(row["origins"])), row["expires_at"],
            )  # fmt: skip
            self.hmacs[principal.key_id] = row["hmac"]
            self.keys[row["hmac"]] = principal
            self._count(principal, 1)

    def _count(self, principal: Principal, more: int) -> None:
        for origin in principal.origins:
            self.pages[origin] = self.pages.get(origin, 0) + more
            if not self.pages[origin]:
                del self.pages[origin]


@lru_cache(1_000)
def _set(words: tuple[str, ...]) -> frozenset[str]:
    """Most keys have the same scopes: they share one."""
    return frozenset(words)


class Merchants:
    """The merchants of a view and their clocks, likewise."""

    def __init__(self, before: Known) -> None:
        self.merchants = dict(before.merchants)
        self.clocks = dict(before.clocks)

    def take(self, row: asyncpg.Record) -> None:
        """A row that is new, or has changed."""
        merchant_id = row["merchant_id"]
        self.merchants[merchant_id] = Merchant(
            merchant_id, row["name"], row["country"], row["time_zone"], _fees(row["fees"]), row["active"],
            row["is_test"], row["platform"] and _platform(row["platform"]), row["platform_id"], row["fee_share_bps"],
            _volumes(row["volumes"]), row["is_believed"],
        )  # fmt: skip
        self.clocks.pop(merchant_id, None)
        if row["ahead"]:
            self.clocks[merchant_id] = row["ahead"]


def schemes_of(rows: Iterable[asyncpg.Record]) -> tuple[SchemeNow, ...]:
    """Schemes that bear interest; vouchers are granted by themselves."""
    found = [SchemeNow(row["scheme_id"], row["version"], _document(row["document"])) for row in rows]
    return tuple([one for one in found if one.document.voucher is None])


def gateway_of(row: asyncpg.Record) -> Address:
    """Where a gateway is."""
    data_types = frozenset(DataType(one) for one in row["data_types"])
    return Address(row["gateway_id"], row["name"], row["url"], data_types)


def processor_of(row: asyncpg.Record) -> processor.Address:
    """Where a processor is."""
    return processor.Address(
        row["processor_id"], row["name"], row["url"], Protocol(row["protocol"]), row["retired_at"] is not None
    )


def known_by_of(rows: Iterable[asyncpg.Record], under: Secrets) -> dict[str, str]:
    """By what others know us, as far as we have the secret that it is kept under."""
    read = {row["owner_id"]: known_by.read(under, row["secret_mark"], row["owner_id"], row["sealed"]) for row in rows}
    return {owner_id: known_by.said(bits) for owner_id, bits in read.items() if bits is not None}


def needed(known: Known, now: datetime) -> Iterator[tuple[str, int]]:
    """The versions of the policy in force, of those that follow it, and of the one on trial."""
    current = in_force(known.policies, now)
    for span in known.policies:
        if span is current or span.active_from > now:
            yield span.policy_id, span.version
    if known.trial:
        yield known.trial.policy_id, known.trial.version


_document: Final = msgspec.json.Decoder(SchemeDocument).decode
_fees: Final = msgspec.json.Decoder(dict[str, FeeSchedule]).decode
_platform: Final = msgspec.json.Decoder(PlatformTerms).decode
_volumes: Final = msgspec.json.Decoder(dict[str, Volume]).decode
