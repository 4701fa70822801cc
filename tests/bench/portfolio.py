"""A portfolio: very many active plans, of which some fall due today and some are late, and what a day costs.

A few are really opened, captured and paid through the service, at times of the past; SQL makes copies of them. What is
sealed in a row opens in that row alone, and not in its copies: nothing that is measured on them reads it.
"""

import uuid
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import httpx
import msgspec
from msgspec import Struct
from msgspec.structs import replace

from service import clock
from service.access.key import key_hmac
from service.config import Settings
from service.db import Connection, load_queries
from service.demo.seed import POLICY, Demo
from service.demo.seed import Q as SEED
from service.packed import unpacked
from service.policies.document import Policy
from service.terms.servicing import LateFee, Servicing
from service.terms.terms import Unit
from tests.bench.cast import ASKED_MAX, ATTRIBUTES
from tests.bench.filling import PATIENCE_S, Hands, share, without_indexes

Q = load_queries(Path(__file__).with_name("portfolio.sql"))

AT_ONCE: Final = 20_000  # copies
AMOUNT: Final = 600_00
A_DAY: Final = timedelta(days=1)
LATE_FEE: Final = LateFee(amount=5_00)

_ID: Final = "[0-9A-HJKMNP-TV-Z]"
_GAP: Final = "~" * 10
_FIND: Final = rf"(ch|cm|co|de|ev|fa|in|of|pe|pl|py)_({_ID}{{10}}){_ID}{{10}}(?={_ID}{{6}})"

# The tables of a plan, each with the column by which its rows are found.
TABLES: Final = {
    "people": "person_id", "consumers": "consumer_id", "data_keys": "key_id", "consumer_references": "consumer_id",
    "accounts": "person_id", "decisions": "decision_id", "instruments": "consumer_id", "plans": "plan_id",
    "facts": "plan_id", "lines": "plan_id", "transfers": "plan_id", "merchant_references": "plan_id",
    "collections": "plan_id", "charges": "plan_id",
}  # fmt: skip


class Life(Struct, frozen=True):
    """A plan of which today finds something, or nothing."""

    instalments: int
    bought: int  # days ago
    paid: int  # instalments
    share: int  # of a thousand plans
    autopay: bool = False


# 5 in 100 are due today, of which one in five is paid by itself; 1 in 100 is late, since yesterday or for a month.
LIVES: Final = (
    Life(4, bought=4, paid=1, share=300),
    Life(4, bought=18, paid=2, share=240),
    Life(12, bought=40, paid=1, share=200),
    Life(12, bought=70, paid=2, share=200),
    Life(4, bought=14, paid=1, share=25),
    Life(4, bought=14, paid=1, share=5, autopay=True),
    Life(12, bought=28, paid=0, share=15),
    Life(12, bought=28, paid=0, share=5, autopay=True),
    Life(4, bought=15, paid=1, share=7),
    Life(12, bought=58, paid=0, share=3),
)


class Teller:
    """Asks the service for something at a time of the past."""

    def __init__(self, port: int, key: str) -> None:
        self._http = httpx.Client(base_url=f"http://127.0.0.1:{port}", headers={"Authorization": f"Bearer {key}"})

    def post(self, path: str, body: dict[str, Any], at: datetime) -> dict[str, Any]:
        headers = {"Idempotency-Key": str(uuid.uuid4()), "Tenor-Clock": at.isoformat()}
        for _ in range(ASKED_MAX):  # with the same key, where the service was too busy to say what became of it
            answer = self._http.post(path, json=body, headers=headers, timeout=60)
            if answer.status_code != 503:
                break
        assert answer.is_success, answer.text
        made: dict[str, Any] = answer.json()
        return made


async def price(conn: Connection, settings: Settings, demo: Demo) -> None:
    """The demo's policy with two products and a late fee."""
    signed = [key_hmac(settings.key_secret, key) for key in (demo.operator_key, demo.second_operator_key)]
    policy = msgspec.json.decode(POLICY.read_bytes(), type=Policy)
    in_4, _, monthly, *_ = policy.instalments
    monthly = replace(monthly, lengths=(12,), terms=replace(monthly.terms, every=28, unit=Unit.DAY))
    policy = replace(
        policy, version=3, offers_max=4, instalments=(in_4, monthly), servicing=Servicing(late_fee=LATE_FEE)
    )
    text = msgspec.json.encode(policy).decode()
    await conn.execute(SEED.insert_policy, policy.policy_id, policy.version, text, clock.now(), *signed)
    await conn.execute(Q.retire_programmes)


def live(teller: Teller, life: Life, today: datetime, processor: str) -> str:
    """The plan that has lived so until yesterday."""
    bought = today - timedelta(life.bought)
    reference = {"reference": str(uuid.uuid4()), "attributes": ATTRIBUTES}
    consumer = teller.post("/v1/consumers", reference, bought)["id"]
    cart = {"merchant_reference": str(uuid.uuid4()), "consumer": consumer, "currency": "EUR", "amount": AMOUNT}
    offers = teller.post("/v1/checkouts", cart | {"kinds": ["instalments"]}, bought)["offers"]
    offer = next(one for one in offers if len(one["schedule"]) == life.instalments)
    asked = {"offer_id": offer["id"]}
    if life.autopay:
        card = {"processor": processor, "token": "tok-ok", "kind": "card", "autopay": True}
        asked["instrument_id"] = teller.post(f"/v1/consumers/{consumer}/instruments", card, bought)["id"]
    plan: str = teller.post("/v1/plans", asked, bought)["id"]
    schedule = teller.post(f"/v1/plans/{plan}/capture", {"amount": AMOUNT}, bought)["schedule"]
    for row in schedule[: life.paid]:
        due = datetime.fromisoformat(row["due_on"]).replace(hour=12, tzinfo=today.tzinfo)
        teller.post(f"/v1/plans/{plan}/payments", {"amount": row["principal"] + row["interest"]}, due)
    return plan


async def multiply(hands: Hands, plans: list[str], count: int) -> None:
    """Copies of these plans, by their shares, until there are so many."""
    conn, *_ = hands
    await conn.execute(Q.make_models, plans, [life.share for life in LIVES])
    for row in await conn.fetch(Q.load_packed):
        await conn.execute(Q.unpack, row["plan_id"], unpacked(row["accepted"]), unpacked(row["standing"]))
    await conn.execute(Q.make_letters)
    await conn.execute(Q.make_copies, count, AT_ONCE, timeout=PATIENCE_S)
    await conn.execute(Q.index_copies)
    await conn.execute("analyze copies")
    statements = [await _copying(conn, table, key) for table, key in TABLES.items()]

    async def copy(conn: Connection, first: int) -> None:
        async with conn.transaction():
            for statement in statements:
                await conn.execute(statement, first, first + AT_ONCE - 1)

    async with without_indexes(hands, [*TABLES]):
        await share(hands, range(1, count + 1, AT_ONCE), copy)


async def _copying(conn: Connection, table: str, key: str) -> str:
    """Makes the pattern of a table's rows, in which a gap stands for what differs between copies; the statement that
    fills it in."""
    columns = {row["name"]: row["type"] for row in await conn.fetch(Q.columns, table)}
    patterns, copied = ["m.number as model"], []
    for name, kind in columns.items():
        pattern, copy = _column(name, kind)
        patterns.append(f'{pattern} as "{name}"')
        copied.append(copy)
    await conn.execute(
        f"create unlogged table pattern_{table} as "
        f"select {', '.join(patterns)} from {table} t join models m on m.{key} = t.{key}"
    )
    names = ", ".join(f'"{name}"' for name in columns)
    return (
        f"insert into {table} ({names}) select {', '.join(copied)} from copies k "
        f"join pattern_{table} t using (model) where k.place between $1 and $2"
    )


def _column(name: str, kind: str) -> tuple[str, str]:
    """How a column stands in the pattern, and how in the copy."""
    own = f't."{name}"'
    filled = f"replace({own}, '{_GAP}', k.stem)"
    if name == "bucket":
        return own, "k.bucket"
    if name == "reference_index":
        return own, "sha256(k.stem::bytea)"  # of no reference, and unique as that of one
    if name == "merchant_reference":
        return own, f"{own} || k.stem"
    if name == "answer":
        return own, r"'\x'::bytea"  # the offers, of which one was taken
    if name in ("accepted", "standing"):  # not packed: else no id could be found in them
        return _with_gaps(f"encode({own}, 'escape')"), f"decode({filled}, 'escape')"
    if name == "body":
        return _with_gaps(f"{own}::text"), f"{filled}::json"
    if kind == "text" and name.endswith(("_id", "_owner")):
        return _with_gaps(own), filled
    return own, own


def _with_gaps(text: str) -> str:
    return rf"regexp_replace({text}, '{_FIND}', '\1_\2{_GAP}', 'g')"
