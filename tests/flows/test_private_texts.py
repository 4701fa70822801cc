"""Free texts about persons: sealed wherever they are kept, open to who may read them, gone when the key is."""

import re
from copy import copy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_type_hints

import msgspec
from msgspec import Struct

from service.data_key import key_id_of
from service.private_text import SEALED, has_marked, marked_texts
from tests.api.routes import Post, Stage, fields_of, posts, with_field
from tests.flows.test_erasing import found_in, in_files
from tests.flows.test_made_one import NOTE, make_one
from tests.flows.test_one_person import MAIL, NUMBER, register
from tests.flows.world import SHARED, World

LATER = datetime(2032, 3, 3, tzinfo=UTC)
WORDS = "canary-quetzal"
PAGE = Path(__file__).parents[2] / "schema" / "personal_data.md"


def with_canaries(post: Post) -> dict[str, Any]:
    """The example with a word of ours in each text that is about a person, those that may be left out, too."""
    body, kind = post.body, post.route.operation.takes
    hints = get_type_hints(kind, include_extras=True)
    body |= {name: WORDS for name, hint in hints.items() if SEALED in getattr(hint, "__metadata__", ())}
    for pointer, _ in marked_texts(msgspec.convert(body, kind), SEALED):
        body = with_field(body, pointer, f'{WORDS}, in "quotes"')
    assert WORDS in str(body)
    return body


async def test_no_text_about_a_person_is_kept_as_it_was_sent(world: World) -> None:
    """Every route that takes such texts is sent some; then no table and no file has them, and the answers do."""
    made = [post for post in await posts(world) if _takes_texts(post)]
    assert len(made) == 15, "each of them is one route"
    stage = Stage(world)
    for post in made:
        post.body = with_canaries(post)
        if "referral" not in post.template and post.works:
            await stage.do(post)
    assert await found_in(world, WORDS) == []
    assert await in_files(WORDS) == b""
    await require_sealed(world)
    sealed = await found_in(world, "sealed.")
    assert set(sealed) >= {"consents", "events", "facts", "idempotency", "instruments", "permissions", "approvals"}


async def require_sealed(world: World) -> None:
    """What schema/personal_data.md calls sealed is."""
    for table in PAGE.read_text().split("\n### ")[1:]:
        name, _, rest = table.partition("\n")
        for column in re.findall(r"`(\w+)`", (re.search(r"^- sealed: (.*)", rest, re.MULTILINE) or ["", ""])[1]):
            for (kept,) in await world.pool.fetch(f"select {column} from {name} where {column} is not null"):
                is_sealed = kept == "" or kept.startswith("sealed.") if isinstance(kept, str) else key_id_of(kept)
                assert is_sealed, (name, column)


async def test_what_is_sealed_opens_for_who_may_read_it_and_is_gone_with_the_key(world: World) -> None:
    consumer = await world.consumer(limit=5_000_00)
    consent = {
        "subject": f"{WORDS} subject", "purpose": "credit_decision", "data_types": ["credit_history"],
        "sources": ["simulator"], "from_on": "2025-01-01", "to_on": "2026-12-31", "times": 5,
        "expires_at": "2026-04-01T00:00:00Z", "channel": "online", "evidence": f"{WORDS} evidence",
    }  # fmt: skip
    given = await world.merchant.post(f"/v1/consumers/{consumer}/consents", consent)
    assert given.json()["subject"] == f"{WORDS} subject"
    plan = await world.plan(consumer, 1_000_00, "deposit", deposit_amount=1_000_00, category="cameras")
    path = f"/v1/plans/{plan['id']}"
    claim = {"amount": 50_00, "items": [{"name": f"{WORDS} lens", "amount": 50_00}], "evidence": f'{WORDS} "photo"'}
    claimed = await world.merchant.post(f"{path}/claims", claim, key="claims-once")
    shown = claimed.json()["deposit"]["claim"]
    assert (shown["evidence"], shown["lines"][0]["name"]) == (f'{WORDS} "photo"', f"{WORDS} lens")
    again = await world.merchant.post(f"{path}/claims", claim, key="claims-once")
    assert again.content == claimed.content, "the same bytes again"
    contested = await world.merchant.post(f"{path}/claims/contest", {"words": f"{WORDS} said so"})
    assert contested.json()["deposit"]["claim"]["words"] == f"{WORDS} said so"
    told = (await world.merchant.get("/v1/events", limit=500)).text
    assert f"{WORDS} lens" in told
    assert "sealed." not in told
    foretold = await world.operator.post(f"/v1/operator{path[3:]}/claims/decide?dry_run=true", {"amount": 0})
    assert foretold.json()["plan"]["deposit"]["claim"]["words"] == f"{WORDS} said so"
    decided = await world.operator.post(f"/v1/operator{path[3:]}/claims/decide", {"amount": 50_00})
    assert decided.status_code == 200, decided.text
    assert decided.json()["state"] == "closed", "all of it came from the card"
    export = (await world.merchant.get(f"/v1/consumers/{consumer}/export")).text
    assert {f"{WORDS} subject", f"{WORDS} lens", f"{WORDS} said so"} <= set(_texts(export))
    assert await found_in(world, WORDS) == []
    before = [row["body"] for row in await world.pool.fetch("select body from facts order by plan_id, number")]

    merchant = copy(world.merchant)
    merchant.now = LATER
    erased = await merchant.post(f"/v1/consumers/{consumer}/erase")
    assert erased.status_code == 200, erased.text
    seen = (await merchant.get(path)).json()["deposit"]["claim"]
    assert (seen["evidence"], seen["words"], seen["lines"][0]["name"]) == ("(erased)", "(erased)", "(erased)")
    assert seen["lines"][0]["amount"] == 50_00
    assert WORDS not in (await merchant.get("/v1/events", limit=500)).text
    listed = (await merchant.get(f"/v1/consumers/{consumer}/consents")).json()["consents"]
    assert (listed[0]["subject"], listed[0]["evidence"]) == ("(erased)", "(erased)")
    assert before == [row["body"] for row in await world.pool.fetch("select body from facts order by plan_id, number")]
    assert await found_in(world, WORDS) == []
    late = await merchant.post(f"/v1/consumers/{consumer}/permissions", {"scenario": "trial", "evidence": WORDS})
    assert (late.status_code, late.json()["code"]) == (410, "erased")


@SHARED
async def test_what_was_noted_on_a_person_is_gone_with_the_last_of_the_persons_consumers(world: World) -> None:
    here, there = await register(world.merchant, NUMBER), await register(world.other_merchant, MAIL)
    kept = await make_one(world, here, there)

    async def noted() -> list[str | None]:
        return [one["note"] for one in (await world.operator.get(f"/v1/operator/people/{kept}")).json()["moves"]]

    assert (await world.merchant.post(f"/v1/consumers/{here}/erase")).status_code == 200
    assert await noted() == [NOTE], "another consumer is this person still"
    assert NOTE in (await world.operator.get("/v1/operator/approvals")).text
    assert (await world.other_merchant.post(f"/v1/consumers/{there}/erase")).status_code == 200
    assert await noted() == ["(erased)"]
    assert NOTE not in (await world.operator.get("/v1/operator/approvals")).text


async def test_a_text_opens_in_an_answer_about_its_own_row_alone(world: World) -> None:
    """Whoever can write in the database cannot have one plan's text read as another's, nor by another merchant."""
    first, second = [await world.plan(await world.consumer(limit=5_000_00), 400_00) for _ in range(2)]
    words = []
    for plan in (first, second):
        body = {"amount": 400_00, "items": [{"name": WORDS, "amount": 400_00}]}
        await world.merchant.post(f"/v1/plans/{plan['id']}/capture", body)
        query = "select body #>> '{lines,0,name}' from facts where plan_id = $1 and fact = 'captured'"
        words.append(await world.pool.fetchval(query, plan["id"]))
    assert words[0].startswith("sealed.")
    await world.pool.execute("alter table facts disable trigger all")
    swap = "update facts set body = replace(body::text, $2, $3)::json where plan_id = $1 and fact = 'captured'"
    await world.pool.execute(swap, first["id"], words[0], words[1])
    try:
        shown = (await world.merchant.get(f"/v1/plans/{first['id']}")).json()["captures"][0]["lines"][0]["name"]
        assert shown == words[1]
    finally:
        await world.pool.execute(swap, first["id"], words[1], words[0])
        await world.pool.execute("alter table facts enable trigger all")
    assert (await world.merchant.get(f"/v1/plans/{first['id']}")).json()["captures"][0]["lines"][0]["name"] == WORDS


@SHARED
async def test_a_number_of_a_card_is_refused_wherever_a_person_is_written_about(world: World) -> None:
    consumer = await world.consumer(limit=5_000_00)
    plan = f"/v1/plans/{(await world.plan(consumer, 400_00))['id']}"
    card = "paid with 4111 1111 1111 1111"
    cart = {"merchant_reference": card, "consumer": consumer, "currency": "EUR", "amount": 100_00}
    before = await world.row_counts()
    for path, body, pointer in (
        ("/v1/checkouts", cart, "/merchant_reference"),
        (f"{plan}/capture", {"amount": 400_00, "reference": card}, "/reference"),
        (f"{plan}/capture", {"amount": 400_00, "evidence": "DE89 3704 0044 0532 0130 00"}, "/evidence"),
        (f"{plan}/capture", {"amount": 400_00, "items": [{"name": card, "amount": 400_00}]}, "/items/0/name"),
        (f"{plan}/payments", {"amount": 1_00, "reference": card}, "/reference"),
        (f"/v1/consumers/{consumer}/permissions", {"scenario": "ride", "evidence": "SSN 536-90-4399"}, "/evidence"),
    ):
        refused = await world.merchant.post(path, body)
        said = refused.json()
        assert (refused.status_code, said["code"], said["pointer"]) == (422, "misplaced_number", pointer)
        assert "4111" not in refused.text
    assert await world.row_counts() == before


def _takes_texts(post: Post) -> bool:
    takes = post.route.operation.takes
    return isinstance(takes, type) and issubclass(takes, Struct) and has_marked(takes, SEALED)


def _texts(text: str) -> list[str]:
    """Every string in a JSON document."""
    return [value for _, value in fields_of(msgspec.json.decode(text)) if isinstance(value, str)]
