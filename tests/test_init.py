"""`tenor init` on an empty database: two people with a key each, a policy in force, and a sale; once only."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from service import config, db
from service.config import Settings
from tests.test_cli import serving
from tests.test_first_keys import Caller, make_key, production, readiness

pytestmark = pytest.mark.long

__all__ = ["production"]


def init(settings: Settings, *argv: str) -> tuple[int, str, str]:
    command = [sys.executable, "-m", "service", "init", *argv]
    done = subprocess.run(command, env=config.environment(settings), capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


def test_an_install_begins_and_sells(production: Settings) -> None:
    code, out, err = init(production, "--operators", "ada", "grace")
    assert (code, err) == (0, "")
    keys = dict(line.split("  ") for line in out.splitlines() if "  opk_" in line)
    assert list(keys) == ["ada", "grace"]
    assert "drafted by ada, published by grace" in out
    with serving(production) as (_, place), httpx.Client(base_url=f"http://{place}", timeout=30) as http:
        assert readiness(http) == {"status": "ready"}
        ada = Caller(http, keys["ada"])
        shop = {"name": "Laden", "country": "DE", "time_zone": "Europe/Berlin"}
        merchant_id = ada.post("/v1/operator/merchants", shop)[1]["id"]
        merchant = Caller(http, make_key(production, "merchant", merchant_id)[1])
        consumer = merchant.post("/v1/consumers", {"reference": "c-1", "attributes": {"age": 30}})[1]["id"]
        cart: dict[str, Any] = {"merchant_reference": "o-1", "consumer": consumer, "currency": "EUR", "amount": 100_00}
        assert merchant.post("/v1/checkouts", cart)[1]["outcome"] == "approved"
    assert init(production, "--operators", "eve", "mallory")[:2] == (1, "")
    assert init(production, "--operators", "ada", "grace") == (
        1, "", "tenor: This install has begun: ada is an operator already.\n",
    )  # fmt: skip


async def test_what_cannot_begin_leaves_nothing_behind(production: Settings, tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text(json.dumps({"id": "po_01KJQ8ZC000000000000000000"}))
    (tmp_path / "none.json").write_text("{")
    for argv in (
        ["--operators", "ada", "ada"],
        ["--operators", "ada", "ada "],
        ["--operators", "ada", "Ada"],
        ["--operators", "ada", "grace", "--policy", str(tmp_path / "bad.json")],
        ["--operators", "ada", "grace", "--policy", str(tmp_path / "none.json")],
        ["--operators", "ada", "grace", "--policy", str(tmp_path / "nowhere.json")],
    ):
        code, out, err = await asyncio.to_thread(init, production, *argv)
        assert (code, [line for line in out.splitlines() if "opk_" in line]) == (1, []), argv
        assert err.startswith("tenor: "), argv
        assert err.count("\n") == 1, argv
    connection = await db.connect(msgspec.structs.replace(production).owner_url)
    try:
        assert await connection.fetchval("select count(*) from operators") == 0
        assert await connection.fetchval("select count(*) from keys") == 0
    finally:
        await connection.close()
