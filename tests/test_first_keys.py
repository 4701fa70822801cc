"""How an install begins: an empty database, the keys of two operators, a policy that both stand for, a first sale."""

import asyncio
import json
import secrets
import subprocess
import sys
import time
import uuid
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import msgspec
import pytest

from service import cli, config, db
from service.access.key import Audience
from service.api.scopes import scopes_of, scopes_of_browsers
from service.app import ROUTERS, create_app
from service.config import Environment, Settings
from service.demo.seed import POLICY
from tests.bench.cast import ATTRIBUTES
from tests.conftest import serving as serving_role
from tests.test_cli import result, serving, tenor


@pytest.fixture
def production(empty_database_url: str, redis_url: str, tmp_path: Path) -> Settings:
    """An install with nothing in it."""
    return Settings(
        environment=Environment.PRODUCTION, database_url=serving_role(empty_database_url),
        migrate_url=empty_database_url, redis_url=redis_url, data=tmp_path,
        key_secret=secrets.token_hex(32), audit_secret=secrets.token_hex(32), data_secret=secrets.token_hex(32),
        port=0, metrics_port=0, workers=1,
    )  # fmt: skip


def make_key(settings: Settings, audience: str, owner: str, *more: str) -> tuple[int, str, str]:
    """`tenor key`: its exit code, and what it prints and says."""
    command = [sys.executable, "-m", "service", "key", "--audience", audience, "--owner", owner, *more]
    done = subprocess.run(command, env=config.environment(settings), capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


def key(settings: Settings, *argv: str) -> tuple[int, str, str]:
    """`tenor key list` or `tenor key revoke`: its exit code, and what it prints and says."""
    command = [sys.executable, "-m", "service", "key", *argv]
    done = subprocess.run(command, env=config.environment(settings), capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


class Caller:
    """Somebody with a key."""

    def __init__(self, http: httpx.Client, key: str) -> None:
        self._http = http
        self._key = key.strip()

    def post(self, path: str, body: Any) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {self._key}", "Idempotency-Key": str(uuid.uuid4())}
        answered = self._http.post(path, json=body, headers=headers)
        return answered.status_code, answered.json()


@pytest.mark.long
def test_from_an_empty_database_to_a_first_sale(production: Settings) -> None:
    with serving(production) as (_, place), httpx.Client(base_url=f"http://{place}", timeout=30) as http:
        assert readiness(http) == {"status": "degraded", "degraded": ["no policy is in force"]}
        ada, grace = (Caller(http, make_key(production, "operator", name)[1]) for name in ("ada", "grace"))
        _, draft = ada.post("/v1/operator/policies", json.loads(POLICY.read_bytes()))
        publish = f"/v1/operator/policies/{draft['id']}/versions/{draft['version']}/publish"
        refused, problem = ada.post(publish, {})
        assert (refused, problem["code"]) == (403, "four_eyes")
        assert grace.post(publish, {})[1]["state"] == "active"
        until = time.monotonic() + 10
        while readiness(http) != {"status": "ready"}:
            assert time.monotonic() < until

        shop = {"name": "Laden", "country": "DE", "time_zone": "Europe/Berlin"}
        merchant_id = ada.post("/v1/operator/merchants", shop)[1]["id"]
        merchant = Caller(http, make_key(production, "merchant", merchant_id)[1])
        consumer = merchant.post("/v1/consumers", {"reference": "c-1", "attributes": ATTRIBUTES})[1]["id"]
        cart = {"merchant_reference": "o-1", "consumer": consumer, "currency": "EUR", "amount": 600_00}
        assert merchant.post("/v1/checkouts", cart)[1]["outcome"] == "approved"


@pytest.mark.long
def test_a_production_whose_role_owns_the_tables_says_so(production: Settings) -> None:
    settings = msgspec.structs.replace(production, database_url=production.migrate_url, migrate_url=None)
    with serving(settings) as (process, place), httpx.Client(base_url=f"http://{place}", timeout=30) as http:
        assert readiness(http)["degraded"] == ["the role that serves owns the tables", "no policy is in force"]
        process.terminate()
        assert "The role that serves owns the tables; let tenor_service serve" in result(process)[2]


def readiness(http: httpx.Client) -> Any:
    answered = http.get("/readyz")
    assert answered.status_code == 200
    return answered.json()


@pytest.mark.long
async def test_a_key_is_printed_alone_and_does_what_its_scopes_say(production: Settings) -> None:
    assert await asyncio.to_thread(make_key, production, "operator", "ada") == (
        1, "", "tenor: This database is empty; run tenor migrate first.\n",
    )  # fmt: skip
    await asyncio.to_thread(result, tenor("migrate", production))
    code, out, err = await asyncio.to_thread(make_key, production, "operator", "ada", "--scopes", "keys,policies")
    assert (code, out[:4], out.count("\n"), err.count("\n")) == (0, "opk_", 1, 1)
    connection = await db.connect(production.owner_url)
    row = await connection.fetchrow("select key_id, audience::text, owner_id, scopes from keys")
    await connection.close()
    assert row
    assert tuple(row)[1:] == ("operator", "ada", ["keys", "policies"])
    assert err == f"Key {row['key_id']} of the operator ada, shown this once:\n"


def test_commands_know_the_scopes_that_the_application_has(settings: Settings) -> None:
    app, routes = create_app(settings), [route for router in ROUTERS for route in router.as_routes()]
    for audience in Audience:
        assert scopes_of(routes, audience) == scopes_of(app.routes, audience)
    assert {"keys", "policies:read"} <= scopes_of(routes, Audience.OPERATOR)
    assert scopes_of_browsers(routes) == scopes_of_browsers(app.routes) != set()


@pytest.mark.parametrize(
    ("audience", "owner", "more", "sentence"),
    [
        ("operator", "", [], "--owner: Expected `str` of length >= 1."),
        ("operator", "ada ", [], "--owner: Expected `str` matching regex"),
        ("operator", "ada", ["--scopes", "checkouts"], "--scopes: No operator's key has such a scope."),
        ("merchant", "me_01JD8Q4Z7K0000000000000000", [], "--owner: There is no such merchant."),
        ("partner", "Spree Bank", [], "--owner: There is no such partner."),
    ],
)
def test_a_key_nobody_can_have(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    audience: str, owner: str, more: list[str], sentence: str,
) -> None:  # fmt: skip
    for name, value in config.environment(settings).items():
        monkeypatch.setenv(name, value)
    code = cli.main(["key", "--audience", audience, "--owner", owner, *more])
    out, err = capsys.readouterr()
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert err.startswith(f"tenor: {sentence}")


def test_keys_are_listed_and_one_is_revoked(
    production: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """All commands in this process: ten of their own would take ten seconds."""
    for name, value in config.environment(production).items():
        monkeypatch.setenv(name, value)

    def key(*argv: str) -> tuple[int, str, str]:
        code = cli.main(["key", *argv])
        return code, *capsys.readouterr()

    assert key("list") == (1, "", "tenor: This database is empty; run tenor migrate first.\n")
    assert cli.main(["migrate"]) == 0
    capsys.readouterr()
    texts = [key("--audience", "operator", "--owner", name)[1] for name in ("Ada", "grace", "grace")]
    code, listed, err = key("list")
    assert (code, err) == (0, "")
    assert not any(text.strip() in listed for text in texts)
    lines = listed.splitlines()
    assert [line.split("  ")[1:3] for line in sorted(lines, key=lambda line: line.split("  ")[1])] == [
        ["operator ada", "*"], ["operator grace", "*"], ["operator grace", "*"],
    ]  # fmt: skip
    assert all("by the machine; never used; does not expire" in line for line in lines)
    whose = {line.split("  ")[0]: line.split("  ")[1] for line in lines}
    ada, first, second = sorted(whose, key=lambda key_id: (whose[key_id], key_id))

    assert key("revoke", first) == (0, f"Key {first} is revoked.\n", "")
    of_grace = key("list", "--owner", "GRACE")[1]
    assert [line.split()[0] for line in of_grace.splitlines()] == [second]
    every = key("list", "--all", "--audience", "operator")[1]
    assert len(every.splitlines()) == 3
    assert "revoked " in next(line for line in every.splitlines() if line.startswith(first))
    assert key("revoke", first) == (1, "", "tenor: There is no such key in use.\n")
    key("revoke", second)
    code, _, err = key("revoke", ada)
    assert code == 1
    assert "the last operator's key" in err
    told = asyncio.run(_keys_told(production))
    assert [tuple(one) for one in told[-2:]] == [("revoked", "database", first), ("revoked", "database", second)]


async def _keys_told(settings: Settings) -> list[asyncpg.Record]:
    """What the audit log has of keys."""
    connection = await db.connect(settings.owner_url)
    told = await connection.fetch("select verb, audience, thing_id from audit_entries where thing = 'key' order by at")
    await connection.close()
    return told


@pytest.mark.long
async def test_where_the_secret_is_lost_all_keys_end_and_operators_get_new_ones(production: Settings) -> None:
    await asyncio.to_thread(result, tenor("migrate", production))
    for name in ("ada", "grace"):
        await asyncio.to_thread(make_key, production, "operator", name)
    not_lost = await asyncio.to_thread(key, production, "secret-lost")
    assert not_lost[0] == 1
    assert not_lost[2].startswith("tenor: TENOR_KEY_SECRET is the secret that the keys are stored under")
    other = msgspec.structs.replace(production, key_secret=secrets.token_hex(32))
    refused = await asyncio.to_thread(make_key, other, "operator", "ada")
    assert refused[0] == 1
    assert "is not the secret that the keys in this database are stored under" in refused[2]
    lost = await asyncio.to_thread(key, other, "secret-lost")
    assert (lost[0], lost[1].split(".")[0]) == (0, "2 keys ended")
    made = (await asyncio.to_thread(make_key, other, "operator", "ada"))[1].strip()
    assert await asyncio.to_thread(reads_policies, other, made) == 200
    ended = await asyncio.to_thread(make_key, production, "operator", "ada")
    assert ended[0] == 1, "the lost secret, found again, opens nothing"


def reads_policies(settings: Settings, made: str) -> int:
    """The status that a key hears of a service of its own."""
    with serving(settings) as (_, place), httpx.Client(base_url=f"http://{place}", timeout=30) as http:
        return http.get("/v1/operator/policies", headers={"Authorization": f"Bearer {made}"}).status_code
