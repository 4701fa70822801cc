"""The version before the newest migration and this one serve one database side by side, while it is migrated and after.

The version before is taken from git: the last commit whose schema files are the first of today's. Where there is no
history to take it from, the test fails and says so.
"""

import io
import re
import subprocess
import sys
import tarfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from service import config
from service.api.policies import PAY_IN_FOUR
from service.config import Settings
from tests.test_cli import serving
from tests.test_first_keys import production

pytestmark = pytest.mark.long

__all__ = ["production"]

ROOT = Path(__file__).parent.parent.parent


def git(*argv: str) -> bytes:
    done = subprocess.run(["git", *argv], cwd=ROOT, capture_output=True, check=False)
    assert done.returncode == 0, f"git {' '.join(argv)}: {done.stderr.decode()}"
    return done.stdout


def schema_of(version: str) -> list[tuple[str, str]]:
    """The migrations of a version, each with what is in it."""
    listed = git("ls-tree", version, "schema/").decode().splitlines()
    files = [(line.split("\t")[1], line.split()[2]) for line in listed]
    return [(name, blob) for name, blob in files if re.match(r"schema/[0-9]{3}_", name)]


def is_before(then: list[tuple[str, str]], now: list[tuple[str, str]]) -> bool:
    """Whether a database of then becomes one of now by migrations alone."""
    return 0 < len(then) < len(now) and then == now[: len(then)]


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The last version that was committed with fewer schema files, and these as they are now."""
    now = schema_of("HEAD")
    versions = git("rev-list", "--max-count=100", "HEAD", "--", "schema").decode().split()
    version = next((one for one in versions if is_before(schema_of(one), now)), None)
    assert version, "no version before the newest migration is in the history, or it does not reach so far back"
    folder = tmp_path_factory.mktemp("before")
    packed = git("archive", "--format=tar", version, "service", "schema", "openapi.yaml")
    with tarfile.open(fileobj=io.BytesIO(packed)) as files:
        files.extractall(folder, filter="data")
    return folder


@contextmanager
def serving_before(folder: Path, settings: Settings) -> Iterator[str]:
    """`tenor serve` of that version; its address."""
    environ = {"PATH": "/usr/bin:/bin", "TENOR_LOG": "text"} | config.environment(settings)
    argv = [sys.executable, "-m", "service", "serve"]
    with subprocess.Popen(argv, cwd=folder, env=environ, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            line = "..."
            while line and " serves on " not in line:
                line = process.stdout.readline()
            assert line, "the version before does not start"
            yield line.split(" serves on ")[1].split()[0]
        finally:
            process.terminate()
            process.communicate(timeout=30)


def tenor(folder: Path, settings: Settings, *argv: str) -> str:
    """A command of one of the two; what it prints."""
    environ = {"PATH": "/usr/bin:/bin"} | config.environment(settings)
    command = [sys.executable, "-m", "service", *argv]
    done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, timeout=90, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()


class Shop:
    """A merchant at one of the two."""

    def __init__(self, place: str, key: str) -> None:
        self._place = place
        self._headers = {"Authorization": f"Bearer {key}"}

    def post(self, path: str, body: dict[str, Any]) -> Any:
        headers = self._headers | {"Idempotency-Key": uuid.uuid4().hex}
        answered = httpx.post(f"{self._place}{path}", json=body, headers=headers, timeout=30)
        assert answered.status_code < 300, f"{path}: {answered.text}"
        return answered.json()

    def buys(self, consumer: str) -> str:
        """The plan."""
        cart = {
            "merchant_reference": uuid.uuid4().hex, "consumer": consumer, "currency": "EUR", "amount": 60_00,
            "kinds": ["instalments"],
        }  # fmt: skip
        offer = self.post("/v1/checkouts", cart)["offers"][0]["id"]
        plan: str = self.post("/v1/plans", {"offer_id": offer})["id"]
        return plan

    def pays(self, plan: str) -> None:
        """Captured, paid and refunded in part."""
        self.post(f"/v1/plans/{plan}/capture", {"amount": 60_00})
        self.post(f"/v1/plans/{plan}/payments", {"amount": 15_00, "reference": uuid.uuid4().hex})
        self.post(f"/v1/plans/{plan}/refunds", {"amount": 10_00})


def test_both_serve_what_the_other_began(before: Path, production: Settings) -> None:
    tenor(before, production, "migrate")
    keys = [tenor(before, production, "key", "--audience", "operator", "--owner", name) for name in ("ada", "grace")]
    with serving_before(before, production) as old_place:
        ada, grace = (Shop(old_place, key) for key in keys)
        drafted = ada.post("/v1/operator/policies", PAY_IN_FOUR)
        grace.post(f"/v1/operator/policies/{drafted['id']}/versions/{drafted['version']}/publish", {})
        merchant = ada.post("/v1/operator/merchants", {"name": "Laden", "country": "DE", "time_zone": "Europe/Berlin"})[
            "id"
        ]
        key = tenor(before, production, "key", "--audience", "merchant", "--owner", merchant)
        old = Shop(old_place, key)
        consumer = old.post("/v1/consumers", {"reference": "c-1", "attributes": {"age": 30}})["id"]
        early = [old.buys(consumer) for _ in range(2)]
        with serving(production) as (_, place):  # it migrates while the old one serves
            new = Shop(f"http://{place}", key)
            new.pays(early[0])
            old.pays(early[1])
            by_old, by_new = old.buys(consumer), new.buys(consumer)
            new.pays(by_old)
            old.pays(by_new)
            assert tenor(ROOT, production, "check", "--all")
    assert tenor(ROOT, production, "check", "--all")
