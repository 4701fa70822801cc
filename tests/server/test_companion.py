"""What runs beside the HTTP processes: the demo's sandbox processor, started again when it dies, stopped at the end."""

import http.client
import os
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from service import config
from service.config import Settings
from service.demo.seed import Demo, save
from service.server import companion, supervisor
from tests.test_cli import alive


def answers(desk: socket.socket) -> int:
    """With what the processor answers a stranger; 0: not at all."""
    host, port = desk.getsockname()[:2]
    connection = http.client.HTTPConnection(host, port, timeout=5)
    try:
        connection.request("GET", "/charges/ch_1")
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


def until(done: Callable[[], object]) -> None:
    end = time.monotonic() + 30
    while not done():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.mark.long
def test_it_is_started_again_and_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(data=tmp_path, key_secret="k" * 32)
    save(settings, Demo(processor_secret="by which it knows us"))
    environ = os.environ | config.environment(settings)
    command = ["demo-processor", "--notify=http://127.0.0.1:1"]
    monkeypatch.setattr(companion, "_APART_S", 600.0)
    with supervisor.bind("127.0.0.1", 0) as desk, companion.beside(command, environ, desk.fileno()) as beside:
        until(lambda: answers(desk) == 401)
        assert beside.mend() == []
        first = beside._process.pid
        os.kill(first, signal.SIGKILL)
        until(lambda: not alive(first))
        assert beside.mend() == []  # too soon after its start
        monkeypatch.setattr(companion, "_APART_S", 0.0)
        assert beside.mend() == ["`tenor demo-processor`"]
        until(lambda: answers(desk) == 401)
        second = beside._process.pid
        assert second != first
    assert not alive(second)
