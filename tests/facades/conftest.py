"""The service with all its facades, over real HTTP: other providers' clients call it as they are."""

from collections.abc import AsyncIterator

import httpx
import msgspec
import pytest
from litestar import Litestar
from msgspec.structs import replace

from service import db
from service.app import create_app, services
from service.config import FACADES, Settings
from service.demo.seed import POLICY
from service.plans.proof_store import prove
from tests.checked import broken_checks
from tests.conftest import demo_of
from tests.facades.shop import Served, listening

_idle: list[Litestar] = []  # to build all routes takes 0.3 s: an app serves one shop after the other


@pytest.fixture
async def served(settings: Settings, pool: db.Pool) -> AsyncIterator[Served]:
    """A shop's world, at an address; afterwards every invariant holds."""
    settings = replace(settings, facades=FACADES)
    demo = await demo_of(settings, pool)
    app = _idle.pop() if _idle else create_app(settings)
    async with (
        services(settings) as app.state["services"],
        listening(app) as url,
        httpx.AsyncClient(base_url=url) as http,
    ):
        yield Served(http, demo, pool, app, url)
    _idle.append(app)
    async with pool.acquire() as conn:
        broken = await broken_checks(conn)
        proof = await prove(conn, every=True)
    assert broken == []
    assert proof.differences == []


@pytest.fixture
async def shanghai(served: Served) -> Served:
    """The policy also has use before pay in renminbi: bicycles without a word, trials that are confirmed."""
    policy = msgspec.json.decode(POLICY.read_bytes())
    uses = [one for one in policy["pay_after_use"] if one["name"] == "trial"]
    uses += [one for one in policy["pay_after_use"] if one["name"] == "pay-after-use" and one["grades"] == ["A"]]
    policy["pay_after_use"] += [one | {"currency": "CNY"} for one in uses]
    policy["limits"] += [one | {"currency": "CNY"} for one in policy["limits"] if one["currency"] == "EUR"]
    policy["version"] = 2
    drafted = await served.operator.post("/v1/operator/policies", policy)
    assert drafted.status_code == 201, drafted.text
    done = await served.second_operator.post(f"/v1/operator/policies/{policy['id']}/versions/2/publish")
    assert done.status_code == 200, done.text
    return served
