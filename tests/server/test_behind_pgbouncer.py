"""The service behind PgBouncer in transaction mode: sessions change from one transaction to the next."""

import asyncio
import os
import re
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, quote, unquote, urlsplit

import pytest
from msgspec import structs

from service.app import services
from service.config import CannotStart, Settings
from service.db import SESSION, Pool
from service.embedded import lifeline
from service.embedded.servers import Server
from tests.conftest import serving
from tests.flows.conftest import world_on
from tests.flows.story import tell

PROGRAM = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
KEEPS_STATEMENTS = (1, 21)  # since when it remembers what each client has prepared
SESSIONS = 4  # of the server, for all our connections

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="left out: no pgbouncer is installed here")


class PgBouncer(Server):
    """A pooler before one database, at a socket of its own."""

    name = "pgbouncer"
    death_signal = signal.SIGTERM
    stop_signals = (signal.SIGINT, signal.SIGKILL)
    port = 6432

    def __init__(self, folder: Path, before: str) -> None:
        super().__init__(folder, folder)
        parts = urlsplit(before)
        self._before = before
        (folder / "pgbouncer.ini").write_text(
            f"[databases]\n{parts.path[1:]} = {_place(before)} user={parts.username} password={parts.password}\n"
            f"[pgbouncer]\nlisten_addr =\nunix_socket_dir = {folder}\nlisten_port = {self.port}\nauth_type = any\n"
            f"pool_mode = transaction\ndefault_pool_size = {SESSIONS}\nmax_client_conn = 200\n"
            + ("max_prepared_statements = 200\n" if version() >= KEEPS_STATEMENTS else "")
            + f"ignore_startup_parameters = {', '.join(SESSION.keys() | {'plan_cache_mode', 'extra_float_digits'})}\n"
        )

    @property
    def url(self) -> str:
        parts = urlsplit(self._before)
        kept = "" if version() >= KEEPS_STATEMENTS else "&prepared=0"
        return (
            f"postgresql://{parts.username}:{parts.password}@{parts.path}"
            f"?host={quote(str(self.run), safe='')}&port={self.port}{kept}"
        )

    def _command(self) -> tuple[list[str], str]:
        assert PROGRAM
        identity = lifeline.NAMESPACE if os.geteuid() == 0 else lifeline.SELF  # it refuses to be root
        return [PROGRAM, str(self.run / "pgbouncer.ini")], identity

    def _answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as client:
            try:
                client.connect(str(self.run / f".s.PGSQL.{self.port}"))
            except OSError:
                return False
        return True


def version() -> tuple[int, int]:
    """Of the PgBouncer that is installed."""
    assert PROGRAM
    said = subprocess.run([PROGRAM, "--version"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"(\d+)\.(\d+)", said)
    assert found, said
    return int(found[1]), int(found[2])


def _place(url: str) -> str:
    """Host and port as its file has them."""
    parts = urlsplit(url)
    host = parse_qs(parts.query).get("host", [parts.hostname or "127.0.0.1"])[0]
    return f"host={unquote(host)} port={parts.port or 5432} dbname={parts.path[1:]}"


@pytest.fixture
def pooler(database_url: str, tmp_path: Path) -> Iterator[PgBouncer]:
    """Before this test's database; the path of a socket must be short."""
    folder = Path("/tmp") / f"tenor-pooler-{os.getpid()}"
    folder.mkdir(mode=0o700)
    server = PgBouncer(folder, serving(database_url))
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder)


@pytest.fixture
async def pooled(settings: Settings, pooler: PgBouncer, pool: Pool) -> Settings:
    """Settings of a service behind it, whose database has what our sessions need."""
    name = urlsplit(pooler.url).path[1:]
    for setting, value in SESSION.items():
        if setting != "application_name":
            await pool.execute(f"alter database {name} set {setting} = '{value}'")
    return structs.replace(settings, database_url=pooler.url, listen_url=settings.database_url)


STORY = """
consumer limit 2000.00
buy 600.00 instalments
capture 600.00
pay 150.00
+ 40 days
pay 100.00
refund 100.00
plan captured 600.00, refunded 100.00
"""


async def test_a_plan_lives_behind_a_pooler(pooled: Settings, pool: Pool) -> None:
    """From the checkout to a refund, with two services side by side; every invariant holds afterwards (`world_on`)."""
    async with services(pooled) as beside, world_on(pooled, pool) as world:
        await tell(world, STORY)
        await asyncio.gather(*(beside.registry.reload() for _ in range(3 * SESSIONS)))
        buyers = [await world.consumer(limit=1000_00) for _ in range(3 * SESSIONS)]
        plans = await asyncio.gather(*(world.plan(buyer, 100_00) for buyer in buyers))
        assert len({plan["id"] for plan in plans}) == len(buyers)


async def test_what_the_pooler_drops_is_missed_at_the_start(settings: Settings, pooler: PgBouncer) -> None:
    with pytest.raises(CannotStart, match="alter role current_user set client_connection_check_interval"):
        async with services(structs.replace(settings, database_url=pooler.url, listen_url=settings.database_url)):
            pass
