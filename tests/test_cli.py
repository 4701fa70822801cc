"""The command line and the supervisor, as a person or a container runs them: real processes on real servers."""

import asyncio
import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from service import cli, config, db
from service.config import Settings
from service.demo.seed import Demo, load, seed
from service.migrations import load_migrations

Process = subprocess.Popen[str]

DAY_CLOSED = (
    "0 authorizations announced to end, 0 extended, 0 ended, 0 charges made, 0 days of interest booked, "
    "0 of 0 limits changed, {} partner files made, "
    "0 outside answers erased; 0 keys, 0 events, 0 decisions, 0 enquiries, 0 audit entries and "
    "0 months of rows of files forgotten.\n"
)


def tenor(command: str, settings: Settings | None = None, **variables: str) -> Process:
    """Start a command; its words come out of both pipes."""
    given = config.environment(settings) if settings else {}
    outside = {name: value for name, value in os.environ.items() if name not in config.VARIABLES}
    return subprocess.Popen(
        [sys.executable, "-m", "service", command],
        env=outside | {"TENOR_LOG": "text"} | given | variables,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def result(process: Process, within: int = 30) -> tuple[int, str, str]:
    """The exit code and the words of a process that ends by itself."""
    out, err = process.communicate(timeout=within)
    return process.returncode, out, err


@contextmanager
def serving(settings: Settings, **variables: str) -> Iterator[tuple[Process, str]]:
    """`tenor serve` and the host and port it serves on."""
    with tenor("serve", settings, **variables) as process:
        try:
            assert process.stdout is not None
            words = ""
            while not (found := re.search(r"serves on http://(\S+) ", words)):
                line = process.stdout.readline()
                assert line, process.stderr and process.stderr.read()
                words += line
            yield process, found[1]
        finally:
            process.kill()


def get(place: str, path: str) -> int:
    """The status of a request on a connection of its own."""
    connection = http.client.HTTPConnection(place, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    finally:
        connection.close()


def workers_of(process: Process) -> list[int]:
    return [int(pid) for pid in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()]


@pytest.mark.long
def test_the_table_names_what_exists() -> None:
    code, out, _ = result(tenor("--help"))
    assert code == 0
    assert all(name in out for name, (_, text) in cli.COMMANDS.items() if text)
    for target, _ in cli.COMMANDS.values():
        module, _, function = target.partition(":")
        assert callable(getattr(__import__(module, fromlist=[function]), function))


@pytest.mark.long
@pytest.mark.parametrize(
    ("given", "set_aside"), [("", True), ("['audit', '--help']", False)], ids=["a process of its own", "among others"]
)
def test_once_a_command_is_loaded_garbage_is_looked_for_again(given: str, set_aside: bool) -> None:
    """And what was loaded is set aside, unless the process does other things, too: it would be for good."""
    script = f"""
import gc, sys
from service import cli
sys.argv = ["tenor", "audit", "--help"]
before = gc.get_freeze_count()
try:
    cli.main({given})
except SystemExit:
    print(gc.isenabled(), gc.get_freeze_count() > before + 1_000)
"""
    said = subprocess.check_output([sys.executable, "-c", script], text=True)
    assert "tenor audit" in said
    assert said.split()[-2:] == ["True", str(set_aside)]


@pytest.mark.long
def test_a_command_that_does_not_exist() -> None:
    code, _, err = result(tenor("serv"))
    assert (code, err) == (2, "tenor: there is no command 'serv'; serve?\n")


@pytest.mark.long
def test_light_commands_import_little() -> None:
    script = "import sys, service.cli; service.cli.main(['--help']); print(sorted(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert not [name for name in ("asyncpg", "litestar", "redis", "rich") if f"'{name}'" in loaded]


@pytest.mark.long
@pytest.mark.parametrize(
    ("given", "loaded"),
    [({}, set()), ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4318"}, {"opentelemetry.sdk.resources"})],
)
def test_what_only_others_want_is_not_loaded_by_a_process_that_serves(given: dict[str, str], loaded: set[str]) -> None:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")} | given
    script = [sys.executable, "-X", "importtime", "-m", "service", "http-process", "--help"]
    said = subprocess.run(script, capture_output=True, text=True, check=True, env=environ).stderr
    modules = {line.rpartition("|")[2].strip() for line in said.splitlines()}
    assert {"litestar", "httpx", "redis"} <= modules
    assert modules & {"pydantic", "rich", "fluent.runtime", "opentelemetry.sdk.resources"} == loaded


@pytest.mark.long
@pytest.mark.parametrize(
    ("command", "variables", "sentence"),
    [
        ("serve", {}, "tenor serve needs DATABASE_URL; tenor dev brings servers of its own."),
        ("serve", {"PORT": "eighty"}, "PORT is 'eighty'; it must be a whole number from 0 to 65535."),
        ("dev", {"TENOR_DATA": "/dev/null/data"}, "The data folder /dev/null/data cannot be used: Not a directory."),
        ("check", {"TENOR_ENV": "production"}, "DATABASE_URL is missing: TENOR_ENV=production makes nothing up."),
    ],
)
def test_what_is_in_the_way_is_one_sentence(command: str, variables: dict[str, str], sentence: str) -> None:
    assert result(tenor(command, None, **({"PORT": "0"} | variables))) == (1, "", f"tenor: {sentence}\n")


@pytest.mark.long
def test_a_taken_port_is_one_sentence(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, _, err = result(tenor("serve", settings, PORT=str(port)))
    waiting, sentence = err.splitlines()
    assert (code, f"Port {port} is in use" in waiting) == (1, True)
    assert sentence == f"tenor: Port {port} on 127.0.0.1 cannot be used: Address already in use; set PORT to another."


@pytest.mark.long
@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ("synchronous_commit = off", "synchronous_commit is off"),
        ("default_transaction_read_only = on", "The server only lets read (default_transaction_read_only is on)"),
    ],
)
async def test_an_unsafe_server_is_refused(settings: Settings, setting: str, says: str) -> None:
    connection = await db.connect(settings.owner_url)
    name = urlsplit(settings.database_url or "").path.lstrip("/")
    await connection.execute(f"alter database {name} set {setting}")
    await connection.close()
    code, _, err = await asyncio.to_thread(result, tenor("serve", settings))
    assert code == 1
    assert err.startswith(f"tenor: This PostgreSQL is not safe for money. {says}")
    assert err.count("\n") == 1


@pytest.mark.long
async def test_migrate_then_check(empty_database_url: str, redis_url: str, tmp_path: Path) -> None:
    settings = Settings(database_url=empty_database_url, redis_url=redis_url, data=tmp_path)
    code, out, _ = await asyncio.to_thread(result, tenor("migrate", settings))
    assert (code, out.count("Migrated to")) == (0, len(load_migrations()))
    assert (await asyncio.to_thread(result, tenor("migrate", settings)))[:2] == (0, "")
    code, out, _ = await asyncio.to_thread(result, tenor("check", settings))
    assert (code, " checks, 0 broken.\n0 plans proved against their facts, 0 differ.\n" in out) == (0, True)


@pytest.mark.long
async def test_the_day_is_closed_once(settings: Settings, pool: db.Pool) -> None:
    await seed(pool, settings)
    day = tenor("day", settings, TENOR_KEY_SECRET=settings.key_secret)
    assert (await asyncio.to_thread(result, day))[:2] == (0, DAY_CLOSED.format(4))
    day = tenor("day", settings, TENOR_KEY_SECRET=settings.key_secret)
    assert (await asyncio.to_thread(result, day))[:2] == (0, DAY_CLOSED.format(0))


@pytest.mark.long
@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_and_stops_when_asked(settings: Settings, by: signal.Signals) -> None:
    with serving(settings, TENOR_WORKERS="2") as (process, place):
        assert [get(place, path) for path in ("/livez", "/readyz")] == [200, 200]
        workers = workers_of(process)
        assert len(workers) == 2
        began = time.monotonic()
        process.send_signal(by)
        assert result(process, within=5)[0] == 0
        assert time.monotonic() - began < 5
        assert not [pid for pid in workers if alive(pid)]


@pytest.mark.long
def test_dev_has_a_sandbox_processor_beside_it(settings: Settings) -> None:
    """A charge goes through it while the first day is replayed; killed, Tenor takes it along."""
    with tenor("dev", settings, TENOR_WORKERS="1") as process:
        try:
            until = time.monotonic() + 60
            while not (demo := load(settings)).base_url:
                assert time.monotonic() < until
                time.sleep(0.1)
            beside = workers_of(process)
            assert len(beside) == 3  # an HTTP process, the processor, and the first day
            assert charged(demo) == ("succeeded", demo.processor_id)
        finally:
            process.kill()
            process.wait()
        until = time.monotonic() + 10
        while any(alive(pid) for pid in beside):
            assert time.monotonic() < until
            time.sleep(0.02)


def charged(demo: Demo) -> tuple[str, str]:
    """What becomes of a charge, and through which processor, at the demo's test merchant."""

    def post(path: str, **body: Any) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {demo.test_merchant_key}", "Idempotency-Key": path}
        answered = httpx.post(f"{demo.base_url}/v1/{path}", json=body, headers=headers, timeout=30)
        assert answered.status_code < 300, answered.text
        answer: dict[str, Any] = answered.json()
        return answer

    buyer = post("consumers", reference="anna+approved")["id"]
    card = post(f"consumers/{buyer}/instruments", processor="sandbox", token="tok-anna", kind="card")
    checkout = post("checkouts", merchant_reference="1", consumer=buyer, currency="EUR", amount=600_00)
    plan = post("plans", offer_id=checkout["offers"][0]["id"], instrument_id=card["id"])["id"]
    post(f"plans/{plan}/capture", amount=600_00)
    return post(f"plans/{plan}/charges", amount=100_00)["state"], card["processor_id"]


@pytest.mark.long
def test_a_worker_that_dies_is_replaced(settings: Settings) -> None:
    with serving(settings, TENOR_WORKERS="2") as (process, place):
        first, second = workers_of(process)
        os.kill(first, signal.SIGKILL)
        until = time.monotonic() + 15
        while len(set(workers_of(process)) - {first}) < 2 and time.monotonic() < until:
            assert get(place, "/livez") == 200  # the other one goes on
        assert second in workers_of(process)
        process.terminate()
        code, _, err = result(process)
    assert (code, err) == (0, "tenor: An HTTP process ended with code -9; starting another.\n")


@pytest.mark.long
def test_a_killed_supervisor_takes_its_workers_along(settings: Settings) -> None:
    with serving(settings, TENOR_WORKERS="2") as (process, _):
        workers = workers_of(process)
        process.kill()
        process.wait()
        until = time.monotonic() + 5
        while any(alive(pid) for pid in workers):
            assert time.monotonic() < until
            time.sleep(0.02)


@pytest.mark.long
def test_metrics_are_on_a_port_of_their_own(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with serving(settings, TENOR_METRICS_PORT=str(port)) as (process, place):
        assert get(place, "/metrics") == 404
        assert get(f"127.0.0.1:{port}", "/metrics") == 200
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answered:
            assert 'tenor_http_request_seconds_count{method="GET",path="(none)",status="404"} 1.0' in (
                answered.read().decode()
            )
        counts = f"tenor-metrics-{process.pid}-*"
        assert len(list(Path(tempfile.gettempdir()).glob(counts))) == 1
    with serving(settings):  # the next one sweeps what the killed one left
        assert not list(Path(tempfile.gettempdir()).glob(counts))


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
