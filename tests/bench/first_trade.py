"""The demo's first day of trade: 700 real purchases and 60 made up, paid until today, settled and reconciled."""

import asyncio
import os
import subprocess
import sys
import time

from msgspec.structs import replace

from service import config
from service.config import Settings
from service.preparing import prepare
from service.server import companion, supervisor
from tests.bench.processes import serving
from tests.bench.stage import PROCESSES, database


def measure(servers: Settings) -> float:
    """Seconds from the start of `tenor first-day` until it has shown what came of it, with the service there."""
    everything = {"sandbox": True, "allow_private": True, "facades": config.FACADES}
    with database(replace(servers, **everything)) as settings, supervisor.bind("127.0.0.1", 0) as desk:
        asyncio.run(prepare(settings, f"{supervisor.base_url(desk)}/"))
        environ = os.environ | config.environment(settings)
        with serving(["service", "http-process"], PROCESSES, settings) as service:
            place = f"http://127.0.0.1:{service.port}"
            with companion.beside(["demo-processor", f"--notify={place}"], environ, desk.fileno()):
                began = time.perf_counter()
                command = [sys.executable, "-m", "service", "first-day", place]
                subprocess.run(command, env=environ, stdout=subprocess.DEVNULL, check=True)
                return round(time.perf_counter() - began, 1)
