"""Licences, the bill of materials, and an audit that does not pass when it could look nothing up."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from tests.supply import sbom
from tests.supply.audit import audit, faults_of
from tests.supply.locked import LOCKS, SHIPPED, Package, is_allowed, licence_of, packages

OURS = tuple(lock for lock in LOCKS if lock != "training")  # which is not installed here


def test_every_dependency_is_under_a_licence_that_is_allowed() -> None:
    said = {one.name: licence_of(one.name) for one in packages(*OURS)}
    assert len(said) > 60
    assert not [name for name, licence in said.items() if licence is None or not is_allowed(licence)]


@pytest.mark.parametrize(
    ("expression", "allowed"),
    [
        ("MIT", True), ("MIT OR GPL-3.0-only", True), ("MIT AND GPL-3.0-only", False), ("AGPL-3.0-or-later", False),
        ("Apache-2.0 AND (MIT OR GPL-2.0-only)", True), ("LicenseRef-Proprietary", False),
    ],
)  # fmt: skip
def test_which_terms_can_be_kept(expression: str, allowed: bool) -> None:
    assert is_allowed(expression) is allowed


def test_the_bill_names_all_that_is_shipped_and_is_the_same_each_time() -> None:
    text = sbom.text("0.1.0")
    made = json.loads(text)
    shipped = {(one.name, one.version) for one in packages(*SHIPPED)}
    assert {(one["name"], one["version"]) for one in made["components"]} == shipped
    assert all(one["licenses"] for one in made["components"])
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(made)) is None
    assert sbom.text("0.1.0") == text
    assert json.loads(sbom.text("0.1.1"))["serialNumber"] != made["serialNumber"]


@pytest.mark.parametrize(
    ("told", "faults"),
    [
        ({"name": "a", "vulns": []}, []),
        ({"name": "a", "vulns": [{"id": "PYSEC-1", "fix_versions": ["2"]}]}, ["x: a 1: PYSEC-1, mended in 2"]),
        ({"name": "a", "skip_reason": "none"}, ["x: a 1 could not be audited: none"]),
        ({"name": "b", "vulns": []}, ["x: a 1 could not be audited: it was not looked up"]),
    ],
)
def test_what_was_not_looked_up_is_a_fault(told: Any, faults: list[str]) -> None:
    assert faults_of("x", {"dependencies": [told]}, [Package("a", "1")]) == faults


def test_where_nothing_was_looked_up_one_sentence_says_so() -> None:
    told = {"dependencies": [{"name": name, "skip_reason": "no answer"} for name in ("a", "b")]}
    pinned = [Package("a", "1"), Package("b", "1")]
    assert faults_of("x", told, pinned) == ["x: nothing could be audited: no answer"]
    assert faults_of("x", {"dependencies": []}, pinned) == [
        "x: nothing could be audited: not one package was looked up"
    ]


class Advisories(BaseHTTPRequestHandler):
    """Knows of one fault: of `msgspec`."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        known = {
            "id": "PYSEC-2026-1", "modified": "2026-01-01T00:00:00Z", "published": "2026-01-01T00:00:00Z",
            "summary": "made up",
            "affected": [
                {
                    "package": {"ecosystem": "PyPI", "name": "msgspec"},
                    "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "99.0"}]}],
                }
            ],
        }  # fmt: skip
        found = {"vulns": [known]} if asked["package"]["name"] == "msgspec" else {}
        body = json.dumps(found).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Says nothing."""


@pytest.fixture
def advisories() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Advisories) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/v1/query"
        server.shutdown()


def test_an_audit_finds_what_is_known_and_fails_where_nobody_answers(advisories: str, tmp_path: Path) -> None:
    lock = tmp_path / "lock.txt"
    lock.write_text(f"msgspec==0.22.0 --hash=sha256:{'0' * 64}\nidna==3.20 --hash=sha256:{'0' * 64}\n")
    pinned = [Package("idna", "3.20"), Package("msgspec", "0.22.0")]
    cache = ("--cache-dir", str(tmp_path / "cache"), "--timeout", "2")
    found = audit("lock", lock, "-s", "osv", "--osv-url", advisories, *cache, pinned=pinned)
    assert found == ["lock: msgspec 0.22.0: PYSEC-2026-1, mended in 99.0"]
    (nothing,) = audit("lock", lock, "-s", "osv", "--osv-url", "http://127.0.0.1:9/v1/query", *cache, pinned=pinned)
    assert nothing.startswith("lock: nothing could be audited: ")
