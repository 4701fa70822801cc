"""Operators are people: enrolled by two others, known by one name, and let in by a key or by their provider."""

import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from msgspec.structs import replace

from service import db
from service.config import Settings
from tests.flows.conftest import world_on
from tests.flows.world import SHARED, Client, World
from tests.operators.issuer import AUDIENCE, Issuer, issuing

OPERATORS = "/v1/operator/operators"
APPROVALS = "/v1/operator/approvals"


def refusal(answered: httpx.Response) -> tuple[int, str]:
    return answered.status_code, answered.json()["code"]


async def enrol(world: World, name: str, **more: Any) -> httpx.Response:
    """Proposed by ada, approved by grace."""
    waits = await world.operator.post(OPERATORS, {"name": name} | more)
    assert waits.status_code == 202, waits.text
    done = await world.second_operator.post(f"{APPROVALS}/{waits.json()['id']}/approve")
    assert done.status_code == 200, done.text
    return done


async def people(world: World) -> list[str]:
    return [one["person"] for one in (await world.operator.get(OPERATORS)).json()["operators"]]


@SHARED
async def test_two_enrol_a_third(world: World) -> None:
    assert await people(world) == ["ada", "grace"]
    waits = await world.operator.post(OPERATORS, {"name": "Linus"})
    assert await people(world) == ["ada", "grace"]  # one alone enrols nobody
    assert refusal(await world.operator.post(f"{APPROVALS}/{waits.json()['id']}/approve")) == (403, "four_eyes")
    await world.second_operator.post(f"{APPROVALS}/{waits.json()['id']}/approve")
    *_, linus = (await world.operator.get(OPERATORS)).json()["operators"]
    assert (linus["person"], linus["enrolled_by"], linus["confirmed_by"]) == ("linus", "ada", "grace")


@SHARED
@pytest.mark.parametrize("name", ["Ada", "ADA", "ａｄａ", "ada"])
async def test_a_name_is_one_person(world: World, name: str) -> None:
    assert refusal(await world.operator.post(OPERATORS, {"name": name})) == (409, "state_forbids")


@SHARED
@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"name": "ada\u200b"}, "/name"), ({"name": "\u0430da"}, "/name"), ({"name": ""}, "/name"),
        ({"name": "linus", "subject": "u-1"}, "/issuer"), ({"name": "linus", "issuer": "https://i.de"}, "/subject"),
        ({"name": "linus", "scopes": ["everything"]}, "/scopes/0"), ({"name": "linus", "scopes": []}, "/scopes"),
        ({"name": "linus", "issuer": "ftp://i.example", "subject": "u"}, "/issuer"), ({"person": "linus"}, "/person"),
    ],
)  # fmt: skip
async def test_who_is_no_person_is_refused(world: World, body: dict[str, Any], pointer: str) -> None:
    answered = await world.operator.post(OPERATORS, body)
    assert (refusal(answered), answered.json()["pointer"]) == ((400, "invalid_field"), pointer)


async def test_who_ended_acts_no_more_and_two_are_left(world: World) -> None:
    await enrol(world, "linus")
    assert (await world.operator.post(f"{OPERATORS}/grace/end")).status_code == 200
    assert (await world.second_operator.get(OPERATORS)).status_code == 401  # with no key
    assert refusal(await world.operator.post(f"{OPERATORS}/linus/end")) == (409, "state_forbids")
    assert refusal(await world.operator.post(f"{OPERATORS}/grace/end")) == (404, "not_found")
    assert refusal(await world.operator.post(OPERATORS, {"name": "Grace"})) == (409, "state_forbids")  # for ever


# By a provider -------------------------------------------------------------------------------------------------------


@pytest.fixture
async def provided(settings: Settings, pool: db.Pool) -> AsyncIterator[tuple[World, Issuer]]:
    """A service that knows a provider."""
    with issuing() as issuer:
        known = replace(settings, oidc_issuer=issuer.url, oidc_audience=AUDIENCE)
        async with world_on(known, pool) as world:
            yield world, issuer


async def test_a_provider_lets_in_whom_two_have_enrolled(provided: tuple[World, Issuer]) -> None:
    world, issuer = provided
    linus = Client(world.http, issuer.token(sub="u-7"))
    assert (await linus.get(OPERATORS)).status_code == 401  # the provider knows him, and we do not
    await enrol(world, "linus", issuer=issuer.url, subject="u-7", scopes=["operators", "approvals"])
    assert (await linus.get(OPERATORS)).status_code == 200
    assert refusal(await linus.get("/v1/operator/policies")) == (403, "forbidden")  # not among his scopes
    assert refusal(await linus.get("/v1/events")) == (403, "forbidden")
    waits = await linus.post(OPERATORS, {"name": "Margaret", "scopes": ["operators"]})
    assert refusal(await linus.post(f"{APPROVALS}/{waits.json()['id']}/approve")) == (403, "four_eyes")
    assert (await world.operator.post(f"{APPROVALS}/{waits.json()['id']}/approve")).status_code == 200
    told = (await world.operator.get("/v1/operator/audit", thing_id="margaret")).json()["entries"]
    assert [(one["verb"], one["owner_id"]) for one in told] == [
        ("proposed", "linus"), ("made", "ada"), ("approved", "ada"),
    ]  # fmt: skip
    assert (await world.operator.post(f"{OPERATORS}/linus/end")).status_code == 200
    assert (await linus.get(OPERATORS)).status_code == 401


async def test_what_is_no_token_of_the_provider_is_refused(provided: tuple[World, Issuer]) -> None:
    world, issuer = provided
    await enrol(world, "linus", issuer=issuer.url, subject="u-7")
    for token in (issuer.token(sub="u-7", exp=int(time.time()) - 60), issuer.token(sub="u-7", aud="x"), "a.b.c"):
        assert refusal(await Client(world.http, token).get(OPERATORS)) == (401, "unauthorized")


async def test_a_provider_that_is_away_is_told(provided: tuple[World, Issuer]) -> None:
    world, issuer = provided
    issuer.is_away = True
    answered = await Client(world.http, issuer.token()).get(OPERATORS)
    assert refusal(answered) == (503, "unavailable")
    assert (await world.operator.get(OPERATORS)).status_code == 200  # keys go on
