"""Outside data: a consumer's consent decides whether anybody is asked, and whatever comes of it is said."""

import asyncio
from collections import Counter
from typing import Any

import asyncpg
import pytest

from service.circuit import FAILURES_MAX
from service.simulator import create_simulator
from tests.flows.outside import (
    BUREAU,
    CONSENT,
    PAYROLL,
    asking,
    consenting,
    enquiries,
    give,
    in_force,
    later,
    revoke,
    simulator,
)
from tests.flows.test_policies import draft
from tests.flows.test_policies_on_trial import report, start
from tests.flows.test_reviews import LARGE, review
from tests.flows.world import Client, World
from tests.outside.serving import served


async def said(world: World, consumer: str, **more: Any) -> Any:
    """What the checkout's answer says of its sources."""
    return (await world.checkout(consumer, 100_00, **more)).get("outside")


async def replayed(world: World, decision: dict[str, Any]) -> bool:
    again = (await world.operator.get(f"/v1/operator/decisions/{decision['id']}/replay")).json()
    return bool(again["is_identical"]) and again["answer"] == decision


async def read_of(world: World, decision: dict[str, Any]) -> Any:
    """What the log says was read outside."""
    log = (await world.operator.get(f"/v1/operator/decisions/{decision['id']}")).json()
    return log["snapshot"]["snapshot"].get("outside")


# The answer -----------------------------------------------------------------------------------------------------------


async def test_a_policy_that_asks_nobody_says_nothing(world: World) -> None:
    answer = await world.checkout(await consenting(world), 100_00)
    assert "outside" not in answer
    assert await read_of(world, answer) is None
    assert not simulator(world).received


SAID = [
    ("ada-500", "approved", "answered", {"score": 500}),
    ("ada-499", "declined", "answered", {"score": 499}),
    ("ada-unknown", "approved", "no_record", {}),
    ("ada-down", "approved", "unavailable", {}),
    ("ada-garbled", "approved", "unavailable", {}),
    ("ada-talkative", "approved", "answered", {"score": 666}),
    ("ada-mistyped", "approved", "unavailable", {}),
    ("ada-slow", "approved", "timed_out", {}),
]


async def test_what_the_source_says_is_read_and_said(world: World) -> None:
    await in_force(world)
    for subject, outcome, heard, facts in SAID:
        answer = await world.checkout(await consenting(world, subject=subject), 100_00)
        assert (answer["outcome"], answer["outside"]) == (outcome, {"bureau": heard})
        assert [reason["code"] for reason in answer["reasons"]] == ["BUREAU_RECORD"] * (outcome == "declined")
        (call,) = await enquiries(world, answer["consumer"])
        read = {"outcome": heard, "enquiry_id": call["id"]} | ({"facts": facts} if facts else {})
        assert await read_of(world, answer) == {"bureau": read}
        assert (call["outcome"], call["decision_id"], call["facts"]) == (heard, answer["id"], ["score"])
        assert call["is_kept"] == (heard in ("answered", "no_record"))
        query = simulator(world).received[-1]
        assert (query.subject, query.facts, str(query.from_on)) == (subject, ("score",), "2025-03-02")
        assert await replayed(world, answer)
    assert len(simulator(world).received) == len(SAID)


async def test_a_source_the_policy_cannot_do_without(world: World) -> None:
    document = asking(BUREAU)
    document["features"][-1]["absent"] = "refer"
    version = await draft(world.operator, document)
    await world.second_operator.post(f"/v1/operator/policies/{version['id']}/versions/{version['version']}/publish")
    answer = await world.checkout(await world.consumer(), 100_00)
    assert (answer["outcome"], answer["outside"]) == ("referred", {"bureau": "no_consent"})
    assert answer["reasons"][0]["code"] == "INFORMATION_MISSING"


async def test_two_sources_are_asked_at_once(world: World) -> None:
    """Both are slow, and both together have the time of one."""
    await in_force(world, BUREAU, PAYROLL)
    consumer = await consenting(world, subject="ada-slow")
    await give(world.merchant, consumer, subject="ada-slow", purpose="affordability", data_types=["income"])
    assert await said(world, consumer) == {"bureau": "timed_out", "payroll": "timed_out"}
    assert len(simulator(world).received) == 2


# No consent: nothing leaves the host ----------------------------------------------------------------------------------


NOT_COVERED: list[tuple[dict[str, Any], str]] = [
    ({"purpose": "affordability"}, "no_consent"),
    ({"data_types": ["income", "public_credit"]}, "no_consent"),
    ({"from_on": "2025-03-03"}, "no_consent"),
    ({"to_on": "2026-03-01"}, "no_consent"),
    ({"expires_at": "2026-03-02T12:00:01Z"}, "consent_expired"),
]


async def test_a_consent_that_does_not_cover_it(world: World) -> None:
    await in_force(world)
    given = [(await consenting(world, **changes), expected) for changes, expected in NOT_COVERED]
    later(world, seconds=1)
    for consumer, expected in [*given, (await world.consumer(), "no_consent")]:
        assert await said(world, consumer) == {"bureau": expected}
        assert await enquiries(world, consumer) == []
    assert not simulator(world).received


async def test_a_consent_holds_for_one_consumer(world: World) -> None:
    await in_force(world)
    await consenting(world)
    assert await said(world, await world.consumer()) == {"bureau": "no_consent"}
    assert not simulator(world).received


async def test_it_is_used_as_often_as_was_given(world: World) -> None:
    await in_force(world, BUREAU | {"cached_for_minutes": 0})
    consumer = await consenting(world, times=2)
    assert [(await said(world, consumer))["bureau"] for _ in range(3)] == ["answered", "answered", "used_up"]
    assert len(simulator(world).received) == 2
    await give(world.merchant, consumer, times=1)
    assert [(await said(world, consumer))["bureau"] for _ in range(2)] == ["answered", "used_up"]
    assert [call["is_kept"] for call in await enquiries(world, consumer)] == [False] * 3


async def test_one_use_for_two_sources(world: World) -> None:
    await in_force(world, BUREAU, PAYROLL | {"purpose": "credit_decision"})
    consumer = await consenting(world, times=1, data_types=["credit_history", "income"])
    assert await said(world, consumer) == {"bureau": "answered", "payroll": "used_up"}


async def test_twenty_checkouts_share_seven_uses(world: World) -> None:
    await in_force(world, BUREAU | {"cached_for_minutes": 0})
    consumer = await consenting(world, times=5)
    await give(world.merchant, consumer, times=2, expires_at="2026-03-05T00:00:00Z")
    answers = await asyncio.gather(*(said(world, consumer) for _ in range(20)))
    assert Counter(answer["bureau"] for answer in answers) == {"answered": 7, "used_up": 13}
    assert len(simulator(world).received) == 7
    page = (await world.merchant.get(f"/v1/consumers/{consumer}/consents")).json()
    assert {(one["times"], one["used"]) for one in page["consents"]} == {(5, 5), (2, 2)}


async def test_one_request_sent_again_asks_nobody_again(world: World) -> None:
    await in_force(world, BUREAU | {"cached_for_minutes": 0})
    order = {"merchant_reference": "o-1", "consumer": await consenting(world), "currency": "EUR", "amount": 100_00}
    first, again = [await world.merchant.post("/v1/checkouts", order, key="k") for _ in range(2)]
    other = await world.merchant.post("/v1/checkouts", order | {"amount": 200_00}, key="k")
    assert (first.status_code, first.content) == (200, again.content)
    assert other.json()["code"] == "idempotency_key_reused"
    assert len(simulator(world).received) == 1


# Answers are read again until they expire -----------------------------------------------------------------------------


async def test_an_answer_is_read_again_until_it_expires(world: World) -> None:
    await in_force(world)
    consumer = await consenting(world, times=2)
    first = await world.checkout(consumer, 100_00)
    assert first["outside"] == {"bureau": "answered"}
    later(world, minutes=59, seconds=59)
    second = await world.checkout(consumer, 100_00)
    assert second["outside"] == {"bureau": "cached"}
    assert (await read_of(world, second))["bureau"] == (await read_of(world, first))["bureau"] | {"outcome": "cached"}
    later(world, minutes=60)
    assert await said(world, consumer) == {"bureau": "answered"}
    assert len(simulator(world).received) == 2
    assert await replayed(world, first)
    assert await replayed(world, second)


async def test_no_record_is_kept_and_failures_are_not(world: World) -> None:
    await in_force(world)
    nobody, down = await consenting(world, subject="ada-unknown"), await consenting(world, subject="ada-down")
    assert [(await said(world, nobody))["bureau"] for _ in range(2)] == ["no_record", "no_record"]
    assert [(await said(world, down))["bureau"] for _ in range(2)] == ["unavailable", "unavailable"]
    assert [len(await enquiries(world, one)) for one in (nobody, down)] == [1, 2]


async def test_no_answer_outlives_its_consent(world: World) -> None:
    await in_force(world)
    consumer = await consenting(world, expires_at="2026-03-02T12:30:00Z")
    await said(world, consumer)
    later(world, minutes=29, seconds=59)
    assert await said(world, consumer) == {"bureau": "cached"}
    later(world, minutes=30)
    assert await said(world, consumer) == {"bureau": "consent_expired"}


async def test_a_consent_given_stays_given_under_its_key(world: World) -> None:
    """Sent again after it expired and its gateway was retired, it is answered as it was."""
    gateway = await register(world, "http://127.0.0.1:9")
    path = f"/v1/consumers/{await world.consumer()}/consents"
    body = CONSENT | {"sources": ["bureau"], "expires_at": "2026-03-02T12:00:03Z"}
    given = await world.merchant.post(path, body, key="k")
    assert given.status_code == 201, given.text
    await retire(world, gateway)
    later(world, seconds=4)
    again = await world.merchant.post(path, body, key="k")
    assert (again.status_code, again.content) == (201, given.content)
    refused = await world.merchant.post(path, body)
    assert (refused.status_code, refused.json()["pointer"]) == (400, "/sources/0")


async def test_the_day_close_erases_what_expired(world: World) -> None:
    await in_force(world)
    consumer = await consenting(world)
    answer = await world.checkout(consumer, 100_00)
    later(world, minutes=59, seconds=59)
    assert (await world.operator.post("/v1/operator/day-close")).json()["erased"] == 0
    later(world, minutes=60)
    assert (await world.operator.post("/v1/operator/day-close")).json()["erased"] == 1
    assert (await world.operator.post("/v1/operator/day-close")).json()["erased"] == 0
    assert [call["is_kept"] for call in await enquiries(world, consumer)] == [False]
    assert await replayed(world, answer)  # the decision keeps what it had read


# Revocation -----------------------------------------------------------------------------------------------------------


async def test_what_was_heard_under_a_revoked_consent_is_not_read_again(world: World) -> None:
    await in_force(world)
    consumer = await world.consumer()
    given = await give(world.merchant, consumer)
    answer = await world.checkout(consumer, 100_00)
    later(world, minutes=1)
    done = await revoke(world.merchant, given)
    assert (done.status_code, done.json()["revoked_at"]) == (200, "2026-03-02T12:01:00Z")
    assert await said(world, consumer) == {"bureau": "consent_revoked"}
    assert [call["is_kept"] for call in await enquiries(world, consumer)] == [False]
    later(world, minutes=2)
    again = await revoke(world.merchant, given)
    assert (again.status_code, again.json()) == (200, done.json())
    assert len(simulator(world).received) == 1
    assert await replayed(world, answer)


async def test_revoked_while_the_answer_is_on_its_way(world: World) -> None:
    """The call was allowed when it was made, and this decision may read it; nobody after it may."""
    consumer = await world.consumer()
    consents: list[str] = []

    async def while_it_is_revoked(scope: Any, receive: Any, send: Any) -> None:
        assert (await revoke(world.merchant, consents[0])).status_code == 200
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b'{"outcome": "answered", "facts": {"score": 700}}'})

    async with served(while_it_is_revoked) as url:
        await register(world, url)
        await in_force(world, BUREAU | {"gateway": "bureau"})
        consents.append(await give(world.merchant, consumer, sources=["bureau"]))
        assert await said(world, consumer) == {"bureau": "answered"}
        assert await said(world, consumer) == {"bureau": "consent_revoked"}
    assert await world.pool.fetchval("select count(*) from reports where facts is not null") == 0


async def test_crowds_of_checkouts_and_one_revocation(world: World) -> None:
    await in_force(world, BUREAU | {"cached_for_minutes": 0})
    consumer = await world.consumer()
    given = await give(world.merchant, consumer, times=1_000)
    answers = await asyncio.gather(*(said(world, consumer) for _ in range(10)), revoke(world.merchant, given),
                                   *(said(world, consumer) for _ in range(10)))  # fmt: skip
    outcomes = Counter(answer["bureau"] for answer in answers if isinstance(answer, dict))
    assert outcomes.keys() <= {"answered", "consent_revoked"}
    assert len(simulator(world).received) == outcomes["answered"]
    assert await said(world, consumer) == {"bureau": "consent_revoked"}


# Whose consents -------------------------------------------------------------------------------------------------------


async def test_a_merchant_sees_and_touches_its_own_consumers_alone(world: World) -> None:
    consumer = await world.consumer()
    given = await give(world.merchant, consumer)
    stranger = world.other_merchant
    for answered in (
        await stranger.post(f"/v1/consumers/{consumer}/consents", CONSENT),
        await stranger.get(f"/v1/consumers/{consumer}/consents"),
        await revoke(stranger, given),
    ):
        assert (answered.status_code, answered.json()["code"]) == (404, "not_found")
    (shown,) = (await world.merchant.get(f"/v1/consumers/{consumer}/consents")).json()["consents"]
    assert shown == CONSENT | {
        "id": given, "consumer": consumer, "used": 0, "given_at": "2026-03-02T12:00:00Z", "revoked_at": None,
    }  # fmt: skip
    (same,) = (await world.operator.get(f"/v1/operator/consumers/{consumer}/consents")).json()["consents"]
    assert same == shown
    by_operator = await world.operator.post(f"/v1/operator/consents/{given}/revoke")
    assert by_operator.json() == shown | {"revoked_at": "2026-03-02T12:00:00Z"}


async def test_consents_are_read_page_by_page(world: World) -> None:
    consumer = await world.consumer()
    given = [await give(world.merchant, consumer) for _ in range(3)]
    path = f"/v1/consumers/{consumer}/consents"
    first = (await world.merchant.get(path, limit=2)).json()
    rest = (await world.merchant.get(path, after=first["after"])).json()
    assert sorted(one["id"] for one in (*first["consents"], *rest["consents"])) == sorted(given)
    assert len(rest["consents"]) == 1


IMPOSSIBLE: list[tuple[dict[str, Any], str]] = [
    ({"sources": ["simulator", "nowhere"]}, "/sources/1"),
    ({"sources": ["simulator", "simulator"]}, "/sources"),
    ({"data_types": ["income", "income"]}, "/data_types"),
    ({"to_on": "2024-12-31"}, "/to_on"),
    ({"expires_at": "2026-03-02T12:00:00Z"}, "/expires_at"),
    ({"expires_at": "2099-03-02T12:00:00Z"}, "/expires_at"),
    ({"expires_at": "2026-04-02T12:00:00"}, "/expires_at"),
]


async def test_a_consent_that_cannot_be(world: World) -> None:
    path = f"/v1/consumers/{await world.consumer()}/consents"
    for change, pointer in IMPOSSIBLE:
        refused = await world.merchant.post(path, CONSENT | change)
        assert (refused.status_code, refused.json().get("pointer")) == (400, pointer)


# Other decisions ------------------------------------------------------------------------------------------------------


async def test_a_review_is_decided_on_what_the_person_read(world: World) -> None:
    await in_force(world)
    consumer = await world.consumer()
    given = await give(world.merchant, consumer)
    referral = await world.checkout(consumer, LARGE)
    assert (referral["outcome"], referral["outside"]) == ("referred", {"bureau": "answered"})
    await revoke(world.merchant, given)
    decision = (await review(world, referral["id"], "approve")).json()["decision"]
    assert (decision["outcome"], decision["outside"]) == ("approved", {"bureau": "answered"})
    assert await read_of(world, decision) == await read_of(world, referral)
    assert len(simulator(world).received) == 1
    again = (await world.operator.get(f"/v1/operator/decisions/{decision['id']}/replay")).json()
    assert (again["is_identical"], again["answer"]) == (True, decision)


async def test_in_the_shadow_nobody_is_asked(world: World) -> None:
    trial = await start(world, await draft(world.operator, asking(BUREAU)))
    consumer = await consenting(world, subject="ada-300")
    assert "outside" not in await world.checkout(consumer, 100_00)
    compared = await report(world, trial, 1)
    assert compared["agreed"] == 1  # its facts are absent
    assert not simulator(world).received


async def test_a_challenger_that_answers_asks(world: World) -> None:
    await start(world, await draft(world.operator, asking(BUREAU)), 10_000)
    answer = await world.checkout(await consenting(world, subject="ada-300"), 100_00)
    assert (answer["outcome"], answer["outside"]) == ("declined", {"bureau": "answered"})
    assert await replayed(world, answer)


async def test_another_policy_reads_what_was_read(world: World) -> None:
    await in_force(world)
    answer = await world.checkout(await consenting(world, subject="ada-300"), 100_00)
    path = f"/v1/operator/decisions/{answer['id']}/replay"
    first = (await world.operator.get(path, policy_version=1)).json()
    assert (first["is_identical"], first["answer"]["outcome"]) == (False, "approved")
    assert len(simulator(world).received) == 1


# Gateways -------------------------------------------------------------------------------------------------------------


async def register(world: World, url: str, name: str = "bureau") -> dict[str, Any]:
    body = {"name": name, "url": url, "data_types": ["credit_history"]}
    made = await world.seconded(await world.operator.post("/v1/operator/gateways", body))
    assert made.status_code == 201, made.text
    gateway: dict[str, Any] = made.json()
    return gateway


async def retire(world: World, gateway: dict[str, Any]) -> None:
    await world.seconded(await world.operator.post(f"/v1/operator/gateways/{gateway['id']}/retire"))


async def test_a_registered_gateway_is_asked_over_http(world: World) -> None:
    app = create_simulator("")
    async with served(app) as url:
        gateway = await register(world, url)
        app.state["secret"] = gateway["secret"]
        await in_force(world, BUREAU | {"gateway": "bureau", "cached_for_minutes": 0})
        consumer = await consenting(world, sources=["bureau", "simulator"])
        assert await said(world, consumer) == {"bureau": "answered"}
        assert [query.subject for query in app.state["received"]] == ["ada-700"]

        app.state["secret"] = "another"
        assert await said(world, consumer) == {"bureau": "unavailable"}
        (shown,) = (await world.operator.get("/v1/operator/gateways")).json()["gateways"]
        assert (shown["id"], shown["calls"], shown["is_resting"]) == (
            gateway["id"], {"answered": 1, "unavailable": 1}, False,
        )  # fmt: skip
        assert gateway["secret"] not in str(shown)

        await retire(world, gateway)
        assert await said(world, consumer) == {"bureau": "unavailable"}
    assert len(app.state["received"]) == 1
    assert len(await enquiries(world, consumer)) == 2  # what is retired is not called, and no use is spent
    assert not simulator(world).received
    again = await world.operator.post(f"/v1/operator/gateways/{gateway['id']}/retire")
    assert (again.status_code, again.json()["code"]) == (404, "not_found")


async def test_a_gateway_that_fails_is_left_alone(world: World) -> None:
    """No use is spent on it meanwhile; and the operator sees that it rests."""
    async with served(create_simulator("")) as url:
        await register(world, url)
        await in_force(world, BUREAU | {"gateway": "bureau"})
        consumer = await consenting(world, subject="ada-down", sources=["bureau"], times=FAILURES_MAX + 5)
        for _ in range(FAILURES_MAX + 2):
            assert await said(world, consumer) == {"bureau": "unavailable"}
    assert len(await enquiries(world, consumer)) == FAILURES_MAX
    (shown,) = (await world.operator.get("/v1/operator/gateways")).json()["gateways"]
    assert (shown["is_resting"], shown["calls"]) == (True, {"unavailable": FAILURES_MAX})


async def test_a_name_means_one_gateway(world: World) -> None:
    first = await register(world, "https://bureau.example/ask")
    body = {"name": "bureau", "url": "https://other.example/ask", "data_types": ["credit_history"]}
    refused = await world.operator.post("/v1/operator/gateways", body)
    assert (refused.json()["code"], refused.json()["actions"]) == ("state_forbids", ["retire"])
    later(world, seconds=1)
    await retire(world, first)
    assert (await register(world, "https://other.example/ask"))["secret"] != first["secret"]
    rows = (await world.operator.get("/v1/operator/gateways")).json()["gateways"]
    assert [(row["url"], row["retired_at"] is None) for row in rows] == [
        ("https://bureau.example/ask", False), ("https://other.example/ask", True),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("gateways", {"name": "bureau", "url": "https://bureau.example/ask", "data_types": ["income"]}),
        ("processors", {"name": "till", "url": "https://till.example/"}),
    ],
)
async def test_where_data_and_money_go_is_said_by_two(world: World, path: str, body: dict[str, Any]) -> None:
    """Nobody registers or retires alone, with whatever scopes; and who approves needs the scope as well."""
    made = f"/v1/operator/{path}"

    async def in_use() -> list[str]:
        return [one["id"] for one in (await world.operator.get(made)).json()[path] if one["retired_at"] is None]

    async def approves(client: Client, approval: str) -> int:
        return (await client.post(f"/v1/operator/approvals/{approval}/approve")).status_code

    lacking = Client(world.http, await world.key(audience="operator", owner_id="grace", scopes=["approvals"]))
    twice = [(await world.operator.post(made, body)).json()["id"] for _ in range(2)]
    assert [await approves(by, twice[0]) for by in (world.operator, lacking)] == [403, 403]
    assert await in_use() == []
    assert [await approves(world.second_operator, one) for one in twice] == [200, 409]
    (there,) = await in_use()
    refused = await world.operator.post(made, body)
    assert (refused.json()["code"], refused.json()["actions"]) == ("state_forbids", ["retire"])
    twice = [(await world.operator.post(f"{made}/{there}/retire")).json()["id"] for _ in range(2)]
    assert await approves(world.operator, twice[0]) == 403
    assert await in_use() == [there]
    assert [await approves(world.second_operator, one) for one in twice] == [200, 409]
    assert await in_use() == []
    told = (await world.operator.get("/v1/operator/audit", thing_id=there)).json()["entries"]
    assert [(one["verb"], one["owner_id"]) for one in told] == [
        ("made", "grace"), ("proposed", "ada"), ("proposed", "ada"), ("retired", "grace"), ("approved", "grace"),
    ]  # fmt: skip


async def test_a_consent_is_not_for_who_takes_over_the_name(world: World) -> None:
    """Two retire the bureau and register its name with another address, which would be sent identities."""
    await in_force(world, BUREAU | {"gateway": "bureau", "cached_for_minutes": 0})
    bureau, thief = create_simulator(""), create_simulator("")
    async with served(bureau) as url, served(thief) as theirs:
        honest = await register(world, url)
        bureau.state["secret"] = honest["secret"]
        consumer = await consenting(world, sources=["bureau"])
        assert await said(world, consumer) == {"bureau": "answered"}
        await retire(world, honest)
        thief.state["secret"] = (await register(world, theirs))["secret"]
        assert await said(world, consumer) == {"bureau": "no_consent"}
        assert not thief.state["received"]
        await give(world.merchant, consumer, sources=["bureau"])
        assert await said(world, consumer) == {"bureau": "answered"}
    assert (len(bureau.state["received"]), len(thief.state["received"])) == (1, 1)


async def test_the_secret_is_shown_once_and_kept_sealed(world: World) -> None:
    body = {"name": "bureau", "url": "https://bureau.example/ask", "data_types": ["income"]}
    waits = (await world.operator.post("/v1/operator/gateways", body)).json()["id"]
    path = f"/v1/operator/approvals/{waits}/approve"
    first, again = [(await world.second_operator.post(path, key="k")).json()["result"] for _ in range(2)]
    assert first | {"secret": None} == again
    secret = first["secret"]
    tables = [name for (name,) in await world.pool.fetch("select tablename from pg_tables where schemaname = 'public'")]
    for table in tables:
        assert not await world.pool.fetchval(f"select count(*) from {table} t where t::text like $1", f"%{secret}%")


async def test_a_kind_of_data_the_gateway_does_not_serve(world: World) -> None:
    await register(world, "https://bureau.example/ask")
    await in_force(world, PAYROLL | {"gateway": "bureau"})
    consumer = await consenting(world, sources=["bureau"], purpose="affordability", data_types=["income"])
    assert await said(world, consumer) == {"payroll": "unavailable"}
    assert await enquiries(world, consumer) == []


# The database's own walls ---------------------------------------------------------------------------------------------


CHANGES = (
    "update consents set times = times + 1",
    "update consents set used = used - 1",
    "update consents set used = used + 2",
    "update consents set expires_at = expires_at + interval '1 day'",
    "delete from consents",
    "truncate consents cascade",
    "update enquiries set facts = '{}'",
    "delete from enquiries",
    "truncate enquiries cascade",
    "update reports set facts = '{}'",
    "update reports set outcome = 'no_record'",
    "delete from reports",
    "truncate reports",
)


async def test_nothing_of_it_is_changed_afterwards(world: World) -> None:
    await in_force(world)
    await said(world, await consenting(world))
    for statement in CHANGES:
        with pytest.raises(asyncpg.RestrictViolationError):
            await world.pool.execute(statement)


async def test_a_revocation_is_final(world: World) -> None:
    consumer = await world.consumer()
    await revoke(world.merchant, await give(world.merchant, consumer))
    for statement in ("update consents set revoked_at = null, revoked_by = null", "update consents set used = 1"):
        with pytest.raises(asyncpg.RestrictViolationError):
            await world.pool.execute(statement)


async def test_there_is_no_use_too_many(world: World) -> None:
    await consenting(world, times=1)
    await world.pool.execute("update consents set used = used + 1")
    with pytest.raises(asyncpg.CheckViolationError, match="consents_used_within_times"):
        await world.pool.execute("update consents set used = used + 1")
    await world.pool.execute("alter table consents disable trigger user")  # so that the invariants hold at the end
    await world.pool.execute("update consents set used = 0")
