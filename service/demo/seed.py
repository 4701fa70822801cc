"""Who takes part in the demo. Seeding again changes nothing; the keys stand in `.local/demo.json`."""

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64decode
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from service import clock, ids
from service.access import known_by
from service.access.flow import BITS
from service.access.key import key_hmac, mark_of
from service.config import CannotStart, Settings
from service.db import Connection, Pool, load_queries
from service.partners.programme_terms import Eligibility, Participant, ProgrammeKind, ProgrammeTerms
from service.policies.document import Policy

Q = load_queries(Path(__file__).with_name("queries.sql"))

POLICY = Path(__file__).with_name("policy.json")
TIME_ZONE = "Europe/Berlin"
CURRENCY = "EUR"
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
BEGAN_MS = int(BEGAN.timestamp() * 1000)
PROCESSOR = "sandbox"  # what instruments call it
OPERATORS = ("ada", "grace")  # two people: one drafts a policy, the other signs it
FUNDING_BPS = 7_000  # the partner's share of every instalment plan


class Demo(msgspec.Struct):
    """What a newcomer needs to try the API: where it is, the keys, the ids."""

    base_url: str = ""
    operator_key: str = ""
    second_operator_key: str = ""  # another person's: two sign a policy
    merchant_key: str = ""
    merchant_id: str = ""
    second_merchant_key: str = ""
    second_merchant_id: str = ""
    test_merchant_key: str = ""  # of a merchant that tries things out, whose clock may be moved on
    test_merchant_id: str = ""
    partner_key: str = ""
    partner_id: str = ""
    programme_id: str = ""
    processor_key: str = ""  # the sandbox processor's own, to tell us of news
    processor_secret: str = ""  # by which it knows us
    processor_id: str = ""
    first_day_on: str = ""  # when the replay's first day was


KEYS: Final = {  # by the names above: what each begins with
    "operator_key": "opk_", "second_operator_key": "opk_", "merchant_key": "sk_live_",
    "second_merchant_key": "sk_live_", "test_merchant_key": "sk_test_", "partner_key": "ptk_", "processor_key": "psk_",
}  # fmt: skip


def path(settings: Settings) -> Path:
    """Where the demo's keys and ids are kept on this machine."""
    return settings.data / "demo.json"


def load(settings: Settings) -> Demo:
    """The demo as kept, or an empty one."""
    kept = path(settings)
    try:
        return msgspec.json.decode(kept.read_bytes(), type=Demo)
    except FileNotFoundError:
        return Demo()
    except msgspec.DecodeError:
        raise CannotStart(f"{kept} is damaged; it holds the demo's keys. Mend it, or run tenor dev --fresh.") from None


def save(settings: Settings, demo: Demo) -> None:
    """Keeps it for the next start, for its owner alone."""
    kept = path(settings)
    kept.parent.mkdir(parents=True, exist_ok=True)
    whole = kept.with_suffix(".new")
    whole.touch(mode=0o600)
    whole.write_bytes(msgspec.json.format(msgspec.json.encode(demo), indent=2) + b"\n")
    whole.replace(kept)  # whoever reads meanwhile sees the one or the other


async def seed(pool: Pool, settings: Settings, processor_url: str = "") -> Demo:
    """Makes sure that everybody exists in this database, under the ids and keys in `demo.json`.

    The sandbox processor is there if it is said where.
    """
    demo = load(settings)
    for name, prefix in (
        ("merchant_id", ids.MERCHANT),
        ("second_merchant_id", ids.MERCHANT),
        ("test_merchant_id", ids.MERCHANT),
        ("partner_id", ids.PARTNER),
        ("programme_id", ids.PROGRAMME),
        ("processor_id", ids.PROCESSOR),
    ):
        setattr(demo, name, getattr(demo, name) or _id(prefix, _digest(settings, name)))
    for name, prefix in KEYS.items():
        setattr(demo, name, getattr(demo, name) or prefix + secrets.token_urlsafe(BITS))
    demo.processor_secret = demo.processor_secret or known_by.said(secrets.token_bytes(BITS))
    save(settings, demo)
    async with pool.acquire() as conn, conn.transaction():
        await _insert(conn, demo, settings.key_secret)
        if processor_url:
            by = key_hmac(settings.key_secret, demo.operator_key)
            await conn.execute(Q.put_processor, demo.processor_id, PROCESSOR, processor_url, by, clock.now())
            await _introduce(conn, demo, settings.key_secret)
    return demo


async def _introduce(conn: Connection, demo: Demo, key_secret: str) -> None:
    bits = urlsafe_b64decode(demo.processor_secret.removeprefix("kb_") + "=")
    sealed = known_by.kept(key_secret, demo.processor_id, bits)
    await conn.execute(Q.put_known_by, demo.processor_id, sealed, mark_of(key_secret))


def _digest(settings: Settings, name: str) -> str:
    """Worked out from our secret, so that a demo whose file was lost has the same ids again, and new keys."""
    return hmac.digest(settings.key_secret.encode(), f"demo {name}".encode(), hashlib.sha256).hex()


def _id(prefix: str, digest: str) -> str:
    """An id in bucket 0 from the demo's own beginning; hexadecimal digits are letters of ids, too."""
    return f"{ids.new_id(prefix, 0, BEGAN_MS)[:15]}{digest[:12].upper()}00"


def programme_of(partner_id: str) -> ProgrammeTerms:
    """The document of the demo's programme: of every instalment plan 70 % is the partner's money, and 30 % ours."""
    bank = Participant(partner_id, principal_bps=FUNDING_BPS, interest_bps=FUNDING_BPS)
    return ProgrammeTerms(
        name="Spree instalments",
        kind=ProgrammeKind.JOINT,
        currency=CURRENCY,
        participants=(bank,),
        time_zone=TIME_ZONE,
        calendar="XECB",
        eligibility=Eligibility(kinds=("instalments",)),
    )


async def _insert(conn: Connection, demo: Demo, key_secret: str) -> None:
    now = clock.now()
    fees = '{"instalments": {"bps": 290, "fixed": 30}, "pay_after_use": {"bps": 190}, "deposit": {"bps": 50}}'
    for merchant_id, name, is_test, platform in (
        (demo.merchant_id, "Hauptstrasse Home & Motor", False, '{"fee_share_bps": 2000}'),  # others may sell through it
        (demo.second_merchant_id, "Hafen Electronics", False, None),
        (demo.test_merchant_id, "Things to Try", True, None),
    ):
        await conn.execute(Q.insert_merchant, merchant_id, name, "DE", TIME_ZONE, fees, now, is_test, platform)
        await conn.execute(Q.insert_feed, merchant_id)
    await conn.execute(Q.insert_partner, demo.partner_id, "Spree Bank", now)
    terms = programme_of(demo.partner_id)
    await conn.execute(
        Q.insert_programme, demo.programme_id, demo.partner_id, terms.name, terms.currency, terms.time_zone,
        msgspec.json.encode(terms).decode(), now,
    )  # fmt: skip
    for person in OPERATORS:
        await conn.execute(Q.insert_operator, person, now)
    for name, audience, owner in (
        ("operator_key", "operator", OPERATORS[0]),
        ("second_operator_key", "operator", OPERATORS[1]),
        ("merchant_key", "merchant", demo.merchant_id),
        ("second_merchant_key", "merchant", demo.second_merchant_id),
        ("test_merchant_key", "merchant", demo.test_merchant_id),
        ("partner_key", "partner", demo.partner_id),
        ("processor_key", "processor", demo.processor_id),
    ):
        key, prefix = getattr(demo, name), KEYS[name]
        key_id = ids.new_id(ids.KEY, 0, int(now.timestamp() * 1000))
        await conn.execute(
            Q.insert_key, key_id, key_hmac(key_secret, key), mark_of(key_secret), prefix, audience, owner, BEGAN
        )
    policy = msgspec.json.decode(POLICY.read_bytes(), type=Policy)
    signed = [key_hmac(key_secret, key) for key in (demo.operator_key, demo.second_operator_key)]
    text = msgspec.json.encode(policy).decode()
    await conn.execute(Q.insert_policy, policy.policy_id, policy.version, text, now, *signed)
