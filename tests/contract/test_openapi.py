"""openapi.yaml held against the app, both ways. OPENAPI=write (as `make openapi` does) writes it anew."""

import inspect
import json
import os
import re
import uuid
from collections import Counter
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from types import FunctionType
from typing import Any

import httpx
import msgspec
import pytest
import yaml
from jsonschema import Draft202012Validator, FormatChecker
from litestar.handlers import HTTPRouteHandler
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from service import api, ids
from service.api.body import Body
from service.api.contract_page import AUDIENCES, page_of
from service.api.event_types import EventTypePage, view_of
from service.api.public import CONTRACT
from service.contract import glossary, schemas
from service.contract.contract import MEANING, SHARED, codes_of, parameters_of
from service.contract.events import (
    AMOUNTS,
    COUNTS,
    DATES,
    IDS,
    INSTANTS,
    TRUTHS,
    WORDS,
    data_schema,
    fields_of,
    webhooks,
)
from service.contract.openapi import WEBHOOKS, document, wire_types, yaml_text
from service.contract.sharing import SHARED_FROM
from service.errors import STATUS, Code
from service.event_type import EventType
from service.webhooks.endpoint import SHARE
from tests.contract import contract_story
from tests.contract.app import APP, ROUTES
from tests.contract.checked import Contract
from tests.contract.counted import Counted
from tests.flows.collecting import registered
from tests.flows.conftest import first_of_many as first_of_many
from tests.flows.conftest import world as world  # the service on real servers
from tests.flows.conftest import world_alone as world_alone
from tests.flows.conftest import world_among_many as world_among_many
from tests.flows.world import SHARED as SHARED_WORLD
from tests.flows.world import Client, World

QUOTE = ROUTES["POST /v1/quotes"].operation.example
KEYED = [name for name, route in ROUTES.items() if route.audience != "public"]


@cache
def bare_document() -> dict[str, Any]:
    """The document without examples, which only a story has."""
    return document(APP, {})


@cache
def wire_schemas() -> dict[str, dict[str, Any]]:
    """The components of all that goes over the wire."""
    return schemas.schemas_of(wire_types(ROUTES.values()))


def test_every_route_stands_in_the_contract_and_the_other_way_round() -> None:
    written = yaml.load(CONTRACT.read_text(), Loader=yaml.CSafeLoader)["paths"]
    assert {f"{method.upper()} {path}" for path, methods in written.items() for method in methods} == set(ROUTES)


def test_no_handler_is_forgotten() -> None:
    modules = [import_module(f"{api.__name__}.{module.name}") for module in iter_modules(api.__path__)]
    made = {one.fn for module in modules for one in vars(module).values() if isinstance(one, HTTPRouteHandler)}
    assert {one.__name__ for one in made} == {route.handler.fn.__name__ for route in ROUTES.values()}


@pytest.mark.parametrize("name", ROUTES)
def test_the_handler_reads_what_it_says(name: str) -> None:
    read = {body.wire for body in _bodies(ROUTES[name].handler.fn)}
    takes = ROUTES[name].operation.takes
    assert read == ({takes} if isinstance(takes, type) else set())


def _bodies(function: Any, seen: frozenset[Any] = frozenset()) -> Iterator[Body[Any]]:
    """The decoders a handler uses or encloses, itself or by a function of ours that it calls."""
    enclosed = [cell.cell_contents for cell in function.__closure__ or ()]
    for used in [*enclosed, *map(function.__globals__.get, function.__code__.co_names)]:
        if isinstance(used, Body):
            yield used
        elif isinstance(used, FunctionType) and used.__module__ == function.__module__ and used not in seen:
            yield from _bodies(used, seen | {function, used})


@pytest.mark.parametrize("name", ROUTES)
def test_the_handler_takes_the_names_in_its_path(name: str) -> None:
    route = ROUTES[name]
    assert (route.handler.fn.__doc__ or "").strip()
    assert set(parameters_of(route.path)) <= set(inspect.signature(route.handler.fn).parameters)
    assert ("scope" in route.handler.opt) is (route.audience != "public")


def test_every_code_has_a_meaning_and_a_shared_answer_one_status() -> None:
    assert set(MEANING) == set(Code)
    for codes in SHARED.values():
        assert len({STATUS.get(code, 422) for code in codes}) == 1
    answered = {code for route in ROUTES.values() for code in codes_of(route)}
    unread = {Code.TOO_SLOW, Code.ADDRESS_TOO_LONG, Code.HEAD_TOO_LARGE}  # of what never was a request
    unused = set(Code) - answered - unread
    assert unused <= {Code.METHOD_NOT_ALLOWED, Code.NOT_ACCEPTABLE, Code.CURRENCY_MISMATCH}  # of what is no route


def test_every_field_is_described_once() -> None:
    bare = [
        f"{name}.{field}"
        for name, schema in wire_schemas().items()
        for field, said in schema.get("properties", {}).items()
        if not said.get("description") and "$ref" not in str(said)
    ]
    for path, methods in bare_document()["paths"].items():
        for method, said in methods.items():
            parameters = said.get("parameters", [])
            bare += [
                f"{method} {path} {one['name']}" for one in parameters if not one.get("description", "$ref" in one)
            ]
    assert bare == [], "say what it is in a comment on the field's line, or in service/contract/glossary.py"
    assert [name for name, schema in wire_schemas().items() if not schema["description"]] == []
    told = {
        (field, one.get("description"))
        for schema in wire_schemas().values()
        for field, one in schema.get("properties", {}).items()
    }
    in_paths = {word for route in ROUTES.values() for word in parameters_of(route.path)}
    shared = {pair for pair in glossary.GLOSSARY.items() if pair[0][0] not in "?/" and pair[0] not in in_paths}
    assert shared <= told


def test_a_sentence_of_an_address_is_of_an_address() -> None:
    """What is always there is never absent, and what is asked for may be."""
    parameters = bare_document()["components"]["parameters"]
    wrong, seen = [], 0
    for path, methods in bare_document()["paths"].items():
        for method, said in methods.items():
            for one in said.get("parameters", ()):
                told = parameters[one["$ref"].rpartition("/")[2]] if "$ref" in one else one
                seen += 1
                words = told["description"]
                if told["required"] and re.search(r"\babsent\b", words):
                    wrong.append(f"{method} {path} {told['name']}: {words}")
    assert (wrong, seen > 1_000) == ([], True)


def test_what_many_say_is_said_once() -> None:
    """Of the parameters of one name none stands in place more often than the one that is shared."""
    made = bare_document()
    said = Counter(
        json.dumps(one)
        for methods in made["paths"].values()
        for told in methods.values()
        for one in told.get("parameters", ())
    )
    shared = {json.loads(text)["$ref"].rpartition("/")[2]: times for text, times in said.items() if "$ref" in text}
    assert set(made["components"]["parameters"]) == set(shared)
    times_of = {(one["name"], one["in"]): shared[name] for name, one in made["components"]["parameters"].items()}
    for text, times in said.items():
        if "$ref" not in text and times >= SHARED_FROM:
            one = json.loads(text)
            assert times <= times_of[one["name"], one["in"]], text


# What a description says of a unit, and the type that a field of this unit has; null may always stand for nothing.
UNITS = {
    r"^minor units|^basis points|^how many|^(calls|days) |^counts |^the (points|score)": "integer",
    r"^(when|until when|the (first |last )?(day|instant)) ?|^a day ": "date",
    r"^(whether|true:|always true) ?": "boolean",
    r"'s id$|ISO (3166|4217|639)|^per cent": "string",
}


def test_every_sentence_fits_the_type_of_its_field() -> None:
    """A sentence that many fields share is true of each: no list is "how many", no count "minor units" of a time."""
    said = {
        f"{name}.{field}": (one.get("description", ""), _kind(one))
        for name, schema in wire_schemas().items()
        for field, one in schema.get("properties", {}).items()
        if "$ref" not in one
    }
    wrong = [
        f"{field}: {words!r} of {kind}"
        for field, (words, kind) in said.items()
        for unit, type_ in UNITS.items()
        if re.search(unit, words) and kind != type_
    ]
    assert wrong == []
    clauses = {field: [one.partition(":")[0] for one in words.split("; ")] for field, (words, _) in said.items()}
    assert [field for field, some in clauses.items() if len(some) > len(set(some))] == [], "one thing is said twice"


def _kind(schema: dict[str, Any]) -> str:
    """The type in a word, without null; of a date or an instant `date`."""
    if any("date" in one.get("format", "") for one in (schema, *schema.get("anyOf", []))):
        return "date"
    types = schema.get("type") or [one.get("type", "ref") for one in schema.get("anyOf", [])]
    return "".join({types} if isinstance(types, str) else set(types) - {"null"})


def test_a_field_is_described_where_it_is_declared() -> None:
    """What the declaration says goes before what the glossary says of all fields of that name."""
    made = wire_schemas()
    for name, field, words in [
        ("Exposure", "used", "minor units: captured, and not yet paid back as far as that is proved"),
        ("ConsentView", "used", "calls made under it so far"),
        ("Checkout", "kinds", "which kinds of plan may be offered"),
        ("Eligibility", "kinds", "the kinds of plan it takes"),
        ("Offer", "down_payment", "minor units paid to the merchant at the checkout, no part of `amount`"),
        ("Quote", "down_payment", "minor units: the part of `amount` that is paid first and not lent"),
        ("Policy", "jurisdiction", "ISO 3166, or EU: whose law binds the offers"),
        ("Apr", "value", 'per cent, to four decimals: "6.4342"'),
    ]:
        assert made[name]["properties"][field]["description"] == words
    assert made["BreakState"]["description"].startswith("The life of a break.")
    assert made["ConsumerView"]["properties"]["attributes"]["type"] == "object"


def test_every_event_has_its_type() -> None:
    """All are told by their type of the enum: no SQL tells one by itself."""
    sql = "".join(path.read_text() for path in (CONTRACT.parent / "service").rglob("*.sql"))
    assert not [one for one in EventType if f"'{one}'" in sql]


@pytest.fixture
def counted_ids(monkeypatch: pytest.MonkeyPatch) -> None:
    counted = Counted()
    monkeypatch.setattr(ids, "new_id", counted.new_id)
    monkeypatch.setattr(ids, "random_bucket", counted.random_bucket)


def test_counted_ids_are_ids_in_the_order_in_which_they_were_made() -> None:
    counted = Counted()
    made = [counted.new_id(ids.PLAN, 7, 1_700_000_000_000) for _ in range(40)]
    assert made == sorted(set(made))
    for one in made:
        assert ids.is_id(one, ids.PLAN)
        assert (ids.bucket_of(one), ids.made_at_ms(one)) == (7, 1_700_000_000_000)
        assert ids.unpacked(ids.packed(one)) == one
    again = Counted()
    assert [again.new_id(ids.PLAN, 7, 1_700_000_000_000) for _ in range(40)] == made


def test_examples_are_the_same_whatever_chance_has_made_and_one_more_changes_no_others() -> None:
    def shown(*names: str) -> dict[str, Any]:
        recorder = contract_story.Recorder(Contract(bare_document()))
        plan, key = ids.new_id(ids.PLAN, ids.random_bucket(), 1), uuid.uuid4().hex * 2
        for name in names:
            other = ids.new_id(ids.OFFER, ids.random_bucket(), 1)
            recorder.examples[name] = {"200": {"id": plan, "offer": other, "sha256": key, "key": f"sk_live_{key[:43]}"}}
        return recorder.fixed()

    told = shown("GET /v1/a", "GET /v1/b")
    assert shown("GET /v1/a", "GET /v1/b") == told
    more = shown("GET /v1/a", "GET /v1/aa", "GET /v1/b")
    assert {name: more[name] for name in told} == told
    assert more["GET /v1/aa"]["200"]["id"] == told["GET /v1/b"]["200"]["id"], "one plan is one plan"
    assert len({one["200"]["offer"] for one in more.values()}) == 3


@pytest.mark.usefixtures("counted_ids")
async def test_the_file_is_what_the_app_does(world: World) -> None:
    """Every operation is called; every answer fits its schema; the file shows those very answers."""
    recorder = contract_story.Recorder(Contract(bare_document()))
    world.http.event_hooks["response"].append(recorder)
    await contract_story.tell(world, recorder)
    recorder.examples[WEBHOOKS] = await contract_story.messages(world)
    examples = recorder.fixed()
    assert set(examples) == set(ROUTES) - contract_story.ITSELF | {WEBHOOKS}
    await _require_described_events(world)
    _require_valid(examples[WEBHOOKS])
    examples["GET /v1/event-types"] = {"200": _listed(examples[WEBHOOKS], EventType.CAPTURED)}

    made = document(APP, examples)
    text = yaml_text(made)
    assert yaml.load(text, Loader=yaml.CSafeLoader) == made
    assert r"\Z" not in text, "patterns end as JSON Schema writes it"
    if os.environ.get("OPENAPI") == "write" and _lines(CONTRACT.read_text()) != _lines(text):
        CONTRACT.write_text(text)  # what says the same is left as it is: of one instant not all has an order
    if _lines(CONTRACT.read_text()) != _lines(text):  # compared by an assert, such texts take minutes to print
        made_now, kept = Counter(_lines(text)), Counter(_lines(CONTRACT.read_text()))
        new, gone = [*(made_now - kept)], [*(kept - made_now)]
        pytest.fail(f"openapi.yaml is not what the app does: `make openapi` writes it anew; {new[:5]}, not {gone[:5]}")
    assert (await world.http.get("/openapi.yaml")).text == CONTRACT.read_text()
    for audience in AUDIENCES:
        assert (await world.http.get(f"/openapi/{audience}.yaml")).text == page_of(CONTRACT.read_text(), audience)
    for page in ("merchant", "public.yaml", "consumer.yaml"):
        assert (await world.http.get(f"/openapi/{page}")).status_code == 404


def _lines(text: str) -> list[str]:
    """What a document says: of one instant ids have no order, nor what is listed by them."""
    return sorted(re.sub(r"[0-7][0-9A-HJKMNP-TV-Z]{25}", "", text).splitlines())


async def _require_described_events(world: World) -> None:
    """Of each type one was told, and all that were told are as the catalogue says: no field less, none besides."""
    rows = await world.pool.fetch("select type, data from events")
    assert {row["type"] for row in rows} == {one for one in EventType if not one.startswith(SHARE)}
    wrong = []
    for row in rows:
        check = Draft202012Validator(data_schema(EventType(row["type"])), format_checker=FormatChecker())
        wrong += [f"{row['type']}: {error.message}" for error in check.iter_errors(msgspec.json.decode(row["data"]))]
    assert wrong == []
    named = {name for names in fields_of().values() for name in names}
    assert named == {*AMOUNTS, *COUNTS, *TRUTHS, *DATES, *INSTANTS, *IDS, *WORDS, "lines", "authenticated"}


def _listed(messages: dict[str, Any], type_: EventType) -> Any:
    """What `GET /v1/event-types` answers of a type: it reads the file that is made here."""
    view = view_of(type_, webhooks(messages)[type_]["post"])
    return msgspec.to_builtins(EventTypePage([view]))


def _require_valid(messages: dict[str, Any]) -> None:
    """Every example is what the contract says of its type; with a field more, or one less, it is not."""
    made = document(APP, {WEBHOOKS: messages})
    assert set(made["webhooks"]) == set(messages) == set(EventType)
    registry = Registry[Any]().with_resource("urn:made", DRAFT202012.create_resource(made))
    for type_ in EventType:
        schema = made["webhooks"][type_]["post"]["requestBody"]["content"]["application/json"]["schema"]
        absolute = json.loads(json.dumps(schema).replace('"#/', '"urn:made#/'))
        check = Draft202012Validator(absolute, registry=registry)
        message = messages[type_]
        check.validate(message)
        assert not check.is_valid(message | {"data": message["data"] | {"colour": "red"}})
        assert not check.is_valid(message | {"data": dict(list(message["data"].items())[1:])})
        assert not check.is_valid(message | {"type": "plan.exploded"})


async def test_no_route_without_its_key(world: World) -> None:
    """Each operation lets in its audience's keys alone, and of those only the ones with its scope."""
    contract = Contract(bare_document())
    processor, _ = await registered(world, "http://127.0.0.1:9/")
    party, _ = await world.take_on()
    owners = {
        "merchant": world.demo.merchant_id, "partner": world.demo.partner_id, "operator": "operator",
        "processor": processor, "support": party,
    }  # fmt: skip
    keys = {audience: await _key(world, audience, owner, "*") for audience, owner in owners.items()}
    scopes = {audience: sorted({ROUTES[one].handler.opt["scope"] for one in KEYED if ROUTES[one].audience == audience})
              for audience in owners}  # fmt: skip
    poor = {(audience, scope): await _key(world, audience, owners[audience], scope)
            for audience, known in scopes.items() for scope in known[:2]}  # fmt: skip
    for name in KEYED:
        audience = ROUTES[name].audience
        others = [keys[other] for other in owners if other != audience]
        own = ROUTES[name].handler.opt["scope"]
        others.append(next(key for (of, scope), key in poor.items() if of == audience and scope != own))
        for key, status in [("", 401), ("sk_unknown", 401), *[(other, 403) for other in others]]:
            answered = await _call(world, name, key)
            assert answered.status_code == status, (name, answered.text)
            contract.check(answered)
        assert (await _call(world, name, keys[audience])).status_code not in (401, 403)


async def _key(world: World, audience: str, owner: str, scope: str) -> str:
    return await world.key(audience=audience, owner_id=owner, scopes=[scope])


async def _call(world: World, name: str, key: str) -> httpx.Response:
    method, template = name.split(" ")
    path = "/".join("x" if part.startswith("{") else part for part in template.split("/"))
    headers = {"Idempotency-Key": str(uuid.uuid4())} | ({"Authorization": f"Bearer {key}"} if key else {})
    return await world.http.request(method, path, headers=headers, json={} if method == "POST" else None)


@pytest.mark.parametrize(
    ("change", "code", "pointer"),
    [
        ({"terms": {"first_due_on": "2026-01-01"}}, Code.IMPOSSIBLE_TERMS, "/terms/first_due_on"),
        ({"terms": {"instalments": 361}}, Code.IMPOSSIBLE_TERMS, "/terms/instalments"),
        ({"terms": {"first_due_days": 400, "rate_percent": "120"}}, Code.IMPOSSIBLE_TERMS, "/terms/uncovered_interest"),
        ({"terms": {"rate_percent": "9." + "9" * 13}}, Code.IMPOSSIBLE_TERMS, "/terms/rate_percent"),
        ({"terms": {"down_payment": 100_000_00}}, Code.IMPOSSIBLE_TERMS, "/terms/down_payment"),
        ({"terms": {"calendar": "XX", "non_business_day": "following"}}, Code.IMPOSSIBLE_TERMS, "/terms/calendar"),
        ({"terms": {"instalments": 0}}, Code.INVALID_FIELD, "/terms/instalments"),
        ({"terms": {"rate_percent": True}}, Code.INVALID_FIELD, "/terms/rate_percent"),
        ({"terms": {"colour": "red"}}, Code.INVALID_FIELD, "/terms/colour"),
        ({"currency": "XXX"}, Code.INVALID_FIELD, "/currency"),
        ({"amount": "100"}, Code.INVALID_FIELD, "/amount"),
        ({"jurisdiction": "de"}, Code.INVALID_FIELD, "/jurisdiction"),
    ],
)  # fmt: skip
@SHARED_WORLD
async def test_a_quote_that_cannot_be(world: World, change: dict[str, Any], code: Code, pointer: str) -> None:
    answered = await world.merchant.post("/v1/quotes", QUOTE | change)
    assert Contract().check(answered) == "POST /v1/quotes"
    assert (answered.json()["code"], answered.json()["pointer"]) == (code, pointer)
    assert answered.status_code == STATUS.get(code, 422)


@SHARED_WORLD
async def test_a_quote_is_a_calculation(world: World) -> None:
    """The same bytes for the same question under any key, and nothing is written."""
    client: Client = world.merchant
    body = {key: value for key, value in QUOTE.items() if key != "start_on"}
    first, again = await client.post("/v1/quotes", body, key="k"), await client.post("/v1/quotes", body, key="k")
    assert (first.status_code, first.content) == (200, again.content)
    made = first.json()
    assert made["start_on"] == "2026-03-02"  # the merchant's today
    assert sum(row["principal"] for row in made["schedule"]) == made["financed"] == 1_000_00
    assert made["apr"]["method"] == "eu_effective"
    other = await client.post("/v1/quotes", body | {"amount": 2_000_00}, key="k")
    assert other.json()["amount"] == 2_000_00
    assert await world.pool.fetchval("select count(*) from idempotency") == 0
