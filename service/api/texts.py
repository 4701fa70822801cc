"""The edge's hand on free texts about persons: sealed as they come in, opened in the bytes that go out."""

from typing import TypeVar

import asyncpg
from litestar.types import Scope
from msgspec import Struct

from service import ids
from service.access.key import Principal
from service.api.queries import Q
from service.api.services import Services
from service.data_key import MARK, DataKey
from service.db import Connection, Pool
from service.errors import Code, Refused
from service.people.flow import data_keys
from service.private_text import has_texts, opened, sealed_body, words_in

B = TypeVar("B", bound=Struct)
_MARK = MARK.encode()
READERS = ("merchant", "operator", "processor")


async def sealed_for_plan(services: Services, plan_id: str, merchant_id: str | None, body: B) -> B:
    """The body of a verb with its texts sealed. Refused: NOT_FOUND where there is no such plan; ERASED."""
    if not has_texts(body):
        return body
    row = await services.pool.fetchrow(Q.key_of_plan, ids.bucket_of(plan_id), plan_id, merchant_id)
    if row is None:
        raise Refused(Code.NOT_FOUND, f"There is no plan {plan_id!r}.", "/id")
    return sealed_body(body, _there(_key(services, row)), plan_id)


async def sealed_for_consumer(services: Services, conn: Connection | Pool, consumer_id: str, body: B) -> B:
    """What is said of a consumer, sealed. Refused: NOT_FOUND where there is no such consumer; ERASED."""
    if not has_texts(body):
        return body
    return sealed_body(body, await key_of(services, conn, consumer_id), consumer_id)


async def key_of(services: Services, conn: Connection | Pool, key_id: str) -> DataKey:
    """The data key of a consumer or a person. Refused: NOT_FOUND, ERASED."""
    found = await data_keys(conn, services.secrets, [key_id])
    if key_id not in found:
        raise Refused(Code.NOT_FOUND, f"There is no consumer {key_id!r}.", "/id")
    return _there(found[key_id])


def holds_words(body: bytes) -> bool:
    """Whether something sealed may stand in an answer."""
    return _MARK in body


async def opened_for(scope: Scope, body: bytes) -> bytes:
    """The answer with its texts open, those that its reader may see: a merchant what is about consumers of its own, a
    processor what a merchant has answered to a dispute of a charge of its own.

    A word opens in an answer about its row alone, which is named in the answer or in the path: moved to another plan,
    it stays closed.
    """
    principal, path = scope.get("auth"), scope["path"].encode()
    if not isinstance(principal, Principal) or principal.audience not in READERS:
        return body
    words = {
        word: one for word, one in words_in(body).items() if (row := one[0].encode()) and (row in body or row in path)
    }
    if not words:
        return body
    services: Services = scope["app"].state["services"]
    key_ids = list({key_id for _, key_id in words.values()})
    merchant_id = principal.owner_id if principal.audience == "merchant" else None
    rows = await services.pool.fetch(Q.keys_to_open, [ids.bucket_of(one) for one in key_ids], key_ids, merchant_id)
    return opened(body, words, {row["key_id"]: _key(services, row) for row in rows})


def _key(services: Services, row: asyncpg.Record) -> DataKey | None:
    return services.secrets.unwrapped(row["key_id"], row["wrapped"]) if row["wrapped"] is not None else None


def _there(key: DataKey | None) -> DataKey:
    if key is None:
        raise Refused(Code.ERASED, "Nothing more is written down of a consumer who was erased.", "/id")
    return key
