"""Requests that are none: bodies, headers, addresses. A 4xx problem, nothing written, the idempotency key not burnt."""

import json
import re
from collections.abc import AsyncIterator
from datetime import date

import msgspec
import pytest

from service.api.body import BYTES_MAX
from service.contract.contract import routes_of
from tests.api.answers import fault, nothing_written
from tests.api.routes import NO_DECISION, Post, client_for, paths
from tests.api.wrong import FAR
from tests.flows.world import World

pytestmark = pytest.mark.asyncio(loop_scope="session")  # in the shared world
DEEP = "[" * 20_000 + "]" * 20_000


# Bodies that are none -----------------------------------------------------------------------------------------------

MALFORMED: dict[str, bytes] = {
    "cut off": b'{"amount": 1',
    "a comma too many": b'{"amount": 1,}',
    "single quotes": b"{'amount': 1}",
    "a comment": b'{"amount": 1 /* cents */}',
    "two documents": b'{"amount": 1}{"amount": 2}',
    "NaN": b'{"amount": NaN}',
    "Infinity": b'{"amount": Infinity}',
    "a leading zero": b'{"amount": 0100}',
    "a plus sign": b'{"amount": +100}',
    "hexadecimal": b'{"amount": 0x64}',
    "not UTF-8": b'{"amount": "\xff"}',
    "a broken UTF-8 sequence": b'{"amount": "\xc3"}',
    "an overlong UTF-8 sequence": b'{"amount": "\xc0\xaf"}',
    "a raw surrogate": b'{"amount": "\xed\xa0\x80"}',
    "UTF-16": '{"amount": 1}'.encode("utf-16"),
    "a byte order mark": b'\xef\xbb\xbf{"amount": 1}',
    "a raw NUL": b'{"amount": "\x00"}',
    "a NUL after it": b'{"amount": 1}\x00',
    "a raw line feed in a text": b'{"amount": "\n"}',
    "an unknown escape": b'{"amount": "\\x41"}',
    "half an escape": b'{"amount": "\\u12"}',
    "a lone surrogate": b'{"reference": "\\ud800"}',
    "a lone surrogate as a key": b'{"\\udfff": 1}',
    "a NUL as a key": b'{"\\u0000": 1}',
    "an unknown key": b'{"surprise": 1}',
    "a deep array": DEEP.encode(),
    "deep in a field": b'{"amount": ' + DEEP.encode() + b"}",
    "a deep object": b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    "a number of 60,000 digits": b'{"amount": ' + b"1" * 60_000 + b"}",
    "an exponent of 60,000 digits": b'{"amount": 1e' + b"1" * 60_000 + b"}",
    "an array": b"[]",
    "a text": b'"amount"',
    "a number": b"1",
    "null": b"null",
    "true": b"true",
    "one byte too many": b'{"a": "' + b"a" * (BYTES_MAX - 8) + b'"}',
    "far too large": b"[" + b" " * (4 * BYTES_MAX) + b"]",
}

CONTENT_TYPES: dict[str, str | None] = {
    "text": "text/plain",
    "a form": "application/x-www-form-urlencoded",
    "problem json": "application/problem+json",
    "another encoding": "application/json; charset=utf-16",
    "latin-1": "application/json; charset=iso-8859-1",
    "two at once": "application/json, text/plain",
    "two charsets": "application/json; charset=utf-8; charset=utf-16",
    "nonsense": "\x7f;;;=",
    "empty": "",
    "none": None,
}

KEYS = {"empty": b"", "too long": b"k" * 256, "not ASCII": "schlüssel".encode(), "a tab": b"a\tb", "DEL": b"a\x7f"}

CLOCKS = (
    "now", "2026", "2026-03-02", "2026-03-02T12:00:00", "12:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z",
    "9999-12-31T23:59:59-23:59", "2026-02-30T00:00:00Z", "2026-03-02T24:00:01Z", "1e9", "0", "-1", "", " ",
    "2026-03-02T12:00:00+99:00", "x" * 5_000,
)  # fmt: skip

AUTHORIZATIONS = (
    "", "Bearer", "Bearer ", "Basic Zm9vOmJhcg==", "Bearer sk_unknown", "bearer\tsk_unknown", "sk_unknown",
    "Bearer " + "x" * 5_000, "Bearer \xe4\xf6", "Bearer sk_unknown, Bearer sk_other",
)  # fmt: skip


async def test_every_example_is_a_body(ready: list[Post]) -> None:
    for post in ready:
        assert msgspec.convert(post.body, post.route.operation.takes, strict=False), post.template


async def test_bodies_that_are_none(world: World, ready: list[Post]) -> None:
    async with nothing_written(world) as wrong:
        for post in ready:
            client = client_for(world, post.template)
            for case, raw in MALFORMED.items():
                answered = await client.post(post.path, content=raw, key="bad")
                wrong += fault(f"{post.template}: {case}", answered)


async def test_oversized_bodies(world: World, ready: list[Post]) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(70):
            yield b" " * 1024

    async with nothing_written(world) as wrong:
        for post in ready:
            client = client_for(world, post.template)
            for case, content in (("announced", b" " * (BYTES_MAX + 1)), ("in chunks", chunks())):
                answered = await client.post(post.path, content=content, key="bad")
                wrong += fault(f"{post.template}: {case}", answered)
                if answered.status_code != 413:
                    wrong += [f"{post.template}: {case}: {answered.status_code}"]


async def test_content_types(world: World, ready: list[Post]) -> None:
    async with nothing_written(world) as wrong:
        for post in ready:
            client = client_for(world, post.template)
            for case, content_type in CONTENT_TYPES.items():
                headers = {} if content_type is None else {"Content-Type": content_type}
                raw = json.dumps(post.body).encode()
                answered = await client.post(post.path, content=raw, key="bad", headers={"Content-Type": ""} | headers)
                wrong += fault(f"{post.template}: {case}", answered, "/Content-Type")
                if answered.status_code != 415:
                    wrong += [f"{post.template}: {case}: {answered.status_code}"]


# Headers --------------------------------------------------------------------------------------------------------------


async def test_idempotency_keys(world: World, ready: list[Post]) -> None:
    async with nothing_written(world) as wrong:
        for post in ready:
            client = client_for(world, post.template)
            for case, key in KEYS.items():
                answered = await client.post(post.path, post.body, headers={"Idempotency-Key": key})
                wrong += fault(f"{post.template}: {case}", answered, "/Idempotency-Key")


async def test_clocks(world: World, ready: list[Post]) -> None:
    async with nothing_written(world) as wrong:
        for post in ready:
            client = client_for(world, post.template)
            for clock in CLOCKS:
                answered = await client.post(post.path, post.body, key="bad", headers={"Tenor-Clock": clock})
                wrong += fault(f"{post.template}: {clock[:40]!r}", answered, "/Tenor-Clock")


ONCE = ("Authorization", "Content-Type", "Host", "Idempotency-Key", "Tenor-Clock")


async def test_headers_given_twice(world: World, ready: list[Post]) -> None:
    good = {
        "Authorization": "", "Content-Type": "application/json", "Host": "tenor", "Idempotency-Key": "twice",
        "Tenor-Clock": "2026-03-02T12:00:00Z",
    }  # fmt: skip
    async with nothing_written(world) as wrong:
        for post in ready:
            authorization = client_for(world, post.template).authorization
            for name in ONCE:
                headers = [*(good | {"Authorization": authorization}).items()]
                headers.append((name.lower(), dict(headers)[name]))
                answered = await world.http.post(post.path, json=post.body, headers=headers)
                wrong += fault(f"{post.template}: two of {name}", answered, f"/{name}")


async def test_bodies_in_another_coding(world: World, ready: list[Post]) -> None:
    async with nothing_written(world) as wrong:
        for post in ready:
            client = client_for(world, post.template)
            for coding in ("gzip", "br", "identity, gzip", ""):
                answered = await client.post(post.path, post.body, key="bad", headers={"Content-Encoding": coding})
                wrong += fault(f"{post.template}: {coding}", answered, "/Content-Encoding")
                if answered.status_code != 415:
                    wrong += [f"{post.template}: {coding}: {answered.status_code}"]


async def test_authorizations(world: World, ready: list[Post]) -> None:
    async with nothing_written(world) as wrong:
        for post in ready:
            client = client_for(world, post.template)
            for given in AUTHORIZATIONS:
                answered = await client.post(post.path, post.body, headers={"Authorization": given.encode("latin-1")})
                wrong += fault(f"{post.template}: {given[:40]!r}", answered)
                if answered.status_code != 401 or answered.headers["www-authenticate"] != "Bearer":
                    wrong += [f"{post.template}: {given[:40]!r}: {answered.status_code}"]
            audiences = [{world.merchant, world.test_merchant}, {world.operator, world.second_operator}, {client}]
            theirs = next(
                clients for clients in audiences if client.authorization in {one.authorization for one in clients}
            )
            for other in {world.merchant, world.operator, world.partner} - theirs:
                answered = await other.post(post.path, post.body)
                wrong += fault(f"{post.template}: of another audience", answered)
                if answered.status_code != 403:
                    wrong += [f"{post.template}: of another audience: {answered.status_code}"]


# Addresses ------------------------------------------------------------------------------------------------------------

NO_IDS = (
    "x", "%00", "pl_%00", "..%2f..", "%ff%fe", "%ed%a0%80", "null", "0", "-1", "*", "%20", "%2e%2e", "a" * 5_000,
    "pl_ZZZZZZZZZZZZZZZZZZZZZZZZZZ", "pl_0000000000000000000000000",
    "pl_000000000000000000000000000", "PL_00000000000000000000000000", "de_00000000000000000000000000",
    "pl-00000000000000000000000000", "pl_0000000000000000000000000\u0660", "pl_0000000000000000000000000u",
)  # fmt: skip

QUERIES = (
    "dry_run=1", "dry_run=TRUE", "dry_run=", "dry_run", "dry_run=true&dry_run=true", "dryrun=true", "plan_id=x",
    "%00=%00", "request=1", "body=1", "a" * 5_000,
)  # fmt: skip

NULLS = ("/v1/operator/breaks?in_state=null", "/v1/operator/breaks?in_state=Null")
NOTICES = (f"/v1/checkouts/{NO_DECISION}/notice", f"/v1/operator/decisions/{NO_DECISION}/notice")
LANGUAGES = ("null", "fr", "", "DE", "de,en", "de&language=en", "%00", "%ff", "%ed%a0%80", "1", "a" * 5_000)

BAD_GETS = (
    *NULLS,
    *(f"{notice}?language={language}" for notice in NOTICES for language in LANGUAGES),
    "/v1/plans", "/v1/plans?merchant_reference=", "/v1/plans?merchant_reference=%00",
    "/v1/plans?merchant_reference=nil",
    "/v1/plans?merchant_reference=%ff", "/v1/plans?merchant_reference=%ed%a0%80", "/v1/plans?reference=1",
    "/v1/plans?merchant_reference=" + "a" * 101, "/v1/plans?merchant_reference=a&merchant_reference=b",
    "/v1/events?after=-1", "/v1/events?after=x", "/v1/events?after=1.5", "/v1/events?after=1e2",
    "/v1/events?after=true",
    "/v1/events?after=99999999999999999999", "/v1/events?after=" + "9" * 5_000,
    f"/v1/events?after={2**62 + 1}", f"/v1/events?after={10**19}",
    "/v1/events?after=", "/v1/events?after=%00",
    "/v1/events?limit=0", "/v1/events?limit=501", "/v1/events?limit=-1", "/v1/events?limit=0x10", "/v1/events?afer=1",
    "/v1/events?after=1&after=2", "/v1/events?after=%D9%A3", "/v1/events?after=1_000", "/v1/events?after=+1",
    "/v1", "/v1/", "/v2/plans", "/v1/plan", "/v1/plans/x/y", "/v1/operator", "/", "/v1/%00", "/v1/checkouts/x/y/z",
    "//v1/events", "/v1/events/../plans", "/v1/operator/nothing", "/openapi.json", "/schema", "/docs", "/.env",
)  # fmt: skip


async def test_ids_in_paths(world: World, ready: list[Post]) -> None:
    bodies = {post.template: post.body for post in ready}
    async with nothing_written(world) as wrong:
        for method in ("GET", "POST"):
            for template in sorted(path for path in paths(world.app, method) if "{" in path):
                if "{person}" in template:
                    continue  # an operator's name: whether there is one only the database knows
                client = client_for(world, template)
                for text in NO_IDS:
                    path = re.sub(r"{\w+}", text.replace("\\", ""), template)
                    answered = await client.send(method, path, json=bodies.get(template))
                    wrong += fault(f"{method} {template} of {text[:40]!r}", answered)


async def test_queries(world: World, ready: list[Post]) -> None:
    async with nothing_written(world) as wrong:
        for post in ready:
            client = client_for(world, post.template)
            for query in QUERIES:
                answered = await client.post(f"{post.path}?{query}", post.body, key="bad")
                wrong += fault(f"{post.template}?{query[:40]}", answered)
        for path in BAD_GETS:
            answered = await (world.operator if "operator" in path else world.merchant).get(path)
            wrong += fault(path[:80], answered)


async def test_texts_and_days_in_the_query(world: World, ready: list[Post]) -> None:
    """Of every parameter there is: a NUL, which PostgreSQL cannot keep, and days that have no day before or after."""
    async with nothing_written(world) as wrong:
        seen = set()
        for route in routes_of(world.app).values():
            path = re.sub(r"{\w+}", "x", route.path)
            client = world.merchant if route.audience == "public" else client_for(world, route.path)
            for name, parameter in route.handler.parsed_fn_signature.parameters.items():
                if f"{{{name}}}" in route.path or name in ("request", "body"):
                    continue
                days = FAR if parameter.annotation in (date, date | None) else ()
                for text in ("%00", "a%00b", *days):
                    answered = await client.send(route.method, f"{path}?{name}={text}")
                    wrong += fault(f"{route.path}?{name}={text}", answered, f"/{name}")
                seen |= {name} if days else set()
        assert {"first_on", "known_on", "as_of", "on"} <= seen


async def test_places_in_the_query(world: World) -> None:
    """What is missing has its name, too; and the last number there is may be asked for."""
    async with nothing_written(world) as wrong:
        wrong += fault("missing", await world.merchant.get("/v1/plans"), "/merchant_reference")
        wrong += fault("null", await world.operator.get(NULLS[0]), "/in_state")
        for after in (10**18, 2**62):
            assert (await world.merchant.get(f"/v1/events?after={after}")).json() == {"events": [], "after": after}


PLACES = {
    '{"reference": "a", "attributes": {"x": 1, "x": 1}}': "/attributes/x",
    '{"reference": "a", "attributes": {"x~/y": 1, "x~/y": 1}}': "/attributes/x~0~1y",
    '{"reference": "a", "reference": "b"}': "/reference",
    '{"reference": "a", "attributes": {"x": 1, "y~/": 1.5, "z": []}}': "/attributes/y~0~1",
    '{"reference": "a", "attributes": {"x": 1, "y\\n": 1}}': "/attributes/y\n",
    '{"reference": "a", "attributes": {"x": 1, "y": "\\u0000"}}': "/attributes/y",
    '{"reference": "a", "attributes": {"x": 1, "y": [], "z"': "/attributes",
}


@pytest.mark.parametrize("raw", PLACES)
async def test_places_in_a_body(world: World, raw: str) -> None:
    answered = await world.merchant.post("/v1/consumers", content=raw.encode())
    assert answered.status_code == 400
    assert answered.json()["pointer"] == PLACES[raw]


async def test_methods(world: World, ready: list[Post]) -> None:
    methods = {"GET", "HEAD", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "BREW"}
    async with nothing_written(world) as wrong:
        for post in ready:
            client = client_for(world, post.template)
            for method in sorted(methods - ({"GET"} if post.template in paths(world.app, "GET") else set())):
                answered = await client.send(method, post.path, json=post.body)
                wrong += fault(f"{method} {post.template}", answered) if method != "HEAD" else []
                if answered.status_code not in (404, 405):
                    wrong += [f"{method} {post.template}: {answered.status_code}"]
                if answered.status_code == 405 and answered.headers.get("allow") != methods_of(world, post):
                    wrong += [f"{method} {post.template}: allows {answered.headers.get('allow')}"]
            options = await client.send("OPTIONS", post.path)
            if options.status_code != 204 or options.headers["allow"] != methods_of(world, post):
                wrong += [f"OPTIONS {post.template}: {options.status_code} {options.headers}"]


def methods_of(world: World, post: Post) -> str:
    """HEAD is GET without the body."""
    has_get = post.template in paths(world.app, "GET")
    return ", ".join(["GET", "HEAD", "OPTIONS", "POST"] if has_get else ["OPTIONS", "POST"])


async def test_a_body_on_a_get_changes_nothing(world: World) -> None:
    async with nothing_written(world) as wrong:
        for raw in (b"{}", b"\xff", b"[" * 10_000):
            answered = await world.merchant.send("GET", "/v1/events", content=raw)
            if answered.status_code not in (200, 400):
                wrong += [f"{raw[:10]!r}: {answered.status_code}"]
