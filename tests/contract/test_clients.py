"""Clients that others' generators make from openapi.yaml: they read the whole of it, and what they make works."""

import importlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from openapi_spec_validator import validate
from referencing import Registry

from service.api.public import CONTRACT
from service.contract.clients import make_python
from tests.bench.cast import ATTRIBUTES
from tests.flows.conftest import world as world  # the service on real servers
from tests.flows.conftest import world_alone as world_alone
from tests.flows.world import NOON, World


def test_it_is_openapi_31(monkeypatch: pytest.MonkeyPatch) -> None:
    look_through = Registry.crawl
    looked_through: dict[int, tuple[Any, Any]] = {}  # registries by their ids; kept, so that no other gets that id

    def once(registry: Any) -> Any:
        """Else all schemas of OpenAPI are looked through again for each of 2,000 anchors: half of the time."""
        if id(registry) not in looked_through:
            looked_through[id(registry)] = registry, look_through(registry)
        return looked_through[id(registry)][1]

    monkeypatch.setattr(Registry, "crawl", once)
    validate(yaml.load(CONTRACT.read_text(), Loader=yaml.CSafeLoader))


@pytest.fixture(scope="module")
def python_client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The package `tenor_client`, made now."""
    folder = tmp_path_factory.mktemp("generated")
    make_python(CONTRACT, folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        yield


@pytest.mark.long
@pytest.mark.usefixtures("python_client")
async def test_a_generated_python_client_buys(world: World) -> None:
    merchant = Generated(world, world.demo.merchant_key)
    registered = await merchant.call(
        "consumers.register_consumer", "ConsumerBody", {"reference": "c-1", "attributes": ATTRIBUTES}
    )
    assert registered.attributes.to_dict() == ATTRIBUTES
    cart = {"merchant_reference": "o-1", "consumer": registered.id, "currency": "EUR", "amount": 600_00}
    answer = await merchant.call("checkouts.create_checkout", "Checkout", cart)
    assert answer.outcome == "approved"
    plan = await merchant.call("plans.open_plan", "AcceptOffer", {"offer_id": answer.offers[0].id})
    assert (plan.state, plan.amount, plan.authorized_at) == ("authorized", 600_00, NOON)
    problem = await merchant.call("plans.open_plan", "AcceptOffer", {"offer_id": answer.offers[1].id})
    assert (problem.code, problem.status) == ("offer_accepted", 409)
    events = await merchant.call("events.list_events")
    assert [event.type_ for event in events.events] == ["plan.authorized"]

    operator = Generated(world, world.demo.operator_key)
    file = importlib.import_module("tenor_client.types").File(b"<Document/>")
    problem = await operator.call("operator.receive_bank_statement", body=file, idempotency_key="k-1")
    assert problem.to_dict()["code"] == "invalid_file"  # read, and refused for what is in it


class Generated:
    """The generated client with one key, on the service in this process."""

    def __init__(self, world: World, key: str) -> None:
        made = importlib.import_module("tenor_client").AuthenticatedClient("http://tenor", key)
        transport = httpx.ASGITransport(app=world.app)  # type: ignore[arg-type]
        http = httpx.AsyncClient(
            transport=transport, base_url="http://tenor", headers={"Authorization": f"Bearer {key}"}
        )
        self._client = made.set_async_httpx_client(http)
        self._calls = 0

    async def call(self, operation: str, body_type: str = "", sent: Any = None, /, **more: Any) -> Any:
        """What the operation answered, as the generated code reads it."""
        if body_type:
            self._calls += 1
            body_class = getattr(importlib.import_module("tenor_client.models"), body_type)
            more |= {"body": body_class.from_dict(sent), "idempotency_key": f"call-{self._calls}"}
        module = importlib.import_module(f"tenor_client.api.{operation}")
        return await module.asyncio(client=self._client, tenor_clock=NOON.isoformat(), **more)


@pytest.mark.skipif(not shutil.which("redocly"), reason="npm install --global @redocly/cli")
def test_redocly_finds_no_error() -> None:
    """By its recommended rules."""
    command = ["redocly", "lint", "--extends", "recommended", "--format", "stylish", str(CONTRACT)]
    linted = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"REDOCLY_TELEMETRY": "off"})
    assert linted.returncode == 0, linted.stdout + linted.stderr


TYPES_IN_USE = """
import type { components } from "./tenor";
type Schemas = components["schemas"];
export const cart: Schemas["Checkout"] = { merchant_reference: "o-1", consumer: "co_1", currency: "EUR", amount: 6000 };
export const told: Schemas["EventType"] = "plan.captured";
// @ts-expect-error there is no such event
export const lost: Schemas["EventType"] = "plan.lost";
"""


@pytest.mark.skipif(not shutil.which("openapi-typescript"), reason="npm install --global openapi-typescript typescript")
def test_types_for_typescript_can_be_made(tmp_path: Path) -> None:
    """Where the TypeScript compiler is there, too, they are used."""
    types = str(tmp_path / "tenor.ts")
    command = ["openapi-typescript", str(CONTRACT), "--output", types, "--default-non-nullable", "false"]
    made = subprocess.run(command, capture_output=True, text=True)
    assert made.returncode == 0, made.stdout + made.stderr
    if shutil.which("tsc"):
        use = tmp_path / "use.ts"
        use.write_text(TYPES_IN_USE)
        checked = subprocess.run(["tsc", "--strict", "--noEmit", use], capture_output=True, text=True)
        assert checked.returncode == 0, checked.stdout
