"""openapi.yaml, made from the app's routes and their wire structs.

`make openapi` writes it, with the answers of a real purchase as its examples; the service serves the committed file.
"""

import inspect
import re
from collections.abc import Iterable, Iterator
from enum import Enum
from itertools import groupby
from types import NoneType
from typing import Any, Final, get_args, get_type_hints

import msgspec
import yaml
from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.params import QueryParameter

from service.api.lists import CSV
from service.api.operation import Text
from service.api.streams import STREAM
from service.contract.contract import MEANING, SHARED, Route, codes_of, parameters_of, routes_of
from service.contract.events import webhooks
from service.contract.glossary import GLOSSARY
from service.contract.prose import PREFACE, SECURITY, TAGS
from service.contract.schemas import REF, Schema, names_of, published, schemas_of
from service.contract.shared_headers import CLOCK, DRY_RUN, IF_MATCH, KEY, LAST_EVENT, SELLER, shared_headers
from service.contract.sharing import share_examples, share_parameters
from service.errors import STATUS, Code, Problem
from service.webhooks.message import Message

Examples = dict[str, dict[str, Any]]  # by operation: "request", and the answers by status
Names = dict[type, str]  # of each wire struct, among the components

WEBHOOKS: Final = "webhooks"  # among the examples: messages by type

_RETRY: Final = ("Retry-After", "seconds to wait before trying again")
WITH_HEADER: Final = {401: ("WWW-Authenticate", "Bearer"), 429: _RETRY, 503: _RETRY}


def document(app: Litestar, examples: Examples) -> Schema:
    """The contract as an OpenAPI 3.1 document."""
    routes = routes_of(app)
    wire = wire_types(routes.values())
    names = names_of(wire)
    paths: dict[str, Schema] = {}
    for name, route in routes.items():
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, names, examples.get(name, {}))
    shared = share_examples(paths)
    parameters = shared_headers() | share_parameters(paths)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Tenor",
            "version": "0.1.0",
            "description": PREFACE,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "http://127.0.0.1:8000", "description": "make run"}],
        "tags": [{"name": name, "description": words} for name, words in TAGS.items()],
        "paths": paths,
        "webhooks": webhooks(examples.get(WEBHOOKS, {})),
        "components": {
            "securitySchemes": {
                f"{audience}_key": {"type": "http", "scheme": "bearer", "description": words}
                for audience, words in SECURITY.items()
            },
            "parameters": parameters,
            "examples": shared,
            "responses": {name: _problem(codes) for name, codes in SHARED.items()},
            "schemas": _with_meanings(schemas_of(wire)),
        },
    }


def wire_types(routes: Iterable[Route]) -> list[Any]:
    """Every struct that is sent or answered."""
    types = [
        one for route in routes for one in (route.operation.takes, *route.answers.values(), route.operation.dry_run)
    ]
    return list(dict.fromkeys([Problem, Message, *(one for one in types if isinstance(one, type))]))


def yaml_text(made: Schema) -> str:
    """The document as a person reads it: no anchors, long texts as blocks."""
    text: str = yaml.dump(made, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=116)
    return text


# One operation --------------------------------------------------------------------------------------------------------


def _operation(route: Route, names: Names, examples: Schema) -> Schema:
    handler, takes = route.handler, route.operation.takes
    summary, _, more = inspect.cleandoc(handler.fn.__doc__ or "").partition("\n\n")
    made: Schema = {"operationId": handler.fn.__name__, "tags": [_tag(route)]}
    made["summary"] = re.sub(r"\s+", " ", summary).rstrip(".")
    if more:
        made["description"] = _reflowed(more)
    is_public = route.audience == "public"
    made["security"] = [] if is_public else [{f"{route.audience}_key": [handler.opt["scope"]]}]
    if parameters := [*_path(route), *_query(handler), *_headers(route)]:
        made["parameters"] = parameters
    if takes:
        needed = isinstance(takes, Text) or any(field.required for field in msgspec.structs.fields(takes))
        made["requestBody"] = {"required": needed, "content": _content(takes, names, examples.get("request"))}
    refusals = {str(status): one for status, one in _refusals(route) if status not in route.answers}
    made["responses"] = _answers(route, names, examples) | refusals
    return made


def _tag(route: Route) -> str:
    """Merchants have many routes: theirs are sorted by what they are about."""
    return route.path.split("/")[2] if route.audience == "merchant" else route.audience


def _path(route: Route) -> Iterator[Schema]:
    for word in parameters_of(route.path):
        yield _parameter(word, "path", {"type": "string"}, True, GLOSSARY.get(f"/{word}") or GLOSSARY.get(word, ""))


def _query(handler: HTTPRouteHandler) -> Iterator[Schema]:
    hints = get_type_hints(handler.fn, include_extras=True)
    for name, parameter in inspect.signature(handler.fn).parameters.items():
        for given in getattr(hints[name], "__metadata__", ()):
            if isinstance(given, QueryParameter):
                required = parameter.default is inspect.Parameter.empty
                schema = _query_schema(hints[name], given, parameter.default)
                yield _parameter(name, "query", schema, required, given.description)


def _query_schema(hint: Any, given: QueryParameter, default: Any) -> Schema:
    plain = next(one for one in get_args(hint.__origin__) or (hint.__origin__,) if one is not NoneType)
    made = (
        {"type": "string", "enum": [one.value for one in plain]}
        if issubclass(plain, Enum)
        else msgspec.json.schema(plain)
    )
    bounds = {
        "minimum": given.ge, "maximum": given.le,
        "minLength": given.min_length, "maxLength": given.max_length, "pattern": published(given.pattern),
    }  # fmt: skip
    made |= {word: bound for word, bound in bounds.items() if bound is not None}
    return made if default in (inspect.Parameter.empty, None, "") else made | {"default": default}


def _parameter(name: str, where: str, schema: Schema, required: bool, said: str | None = None) -> Schema:
    words = GLOSSARY.get(f"?{name}") or GLOSSARY.get(name, "") if said is None else said
    return {"name": name, "in": where, "required": required, "description": words, "schema": schema}


def _headers(route: Route) -> Iterator[Schema]:
    if route.method == "POST":
        yield KEY
    if route.operation.dry_run:
        yield DRY_RUN
    if route.operation.versioned:
        yield IF_MATCH
    if route.operation.streams:
        yield LAST_EVENT
    if route.audience != "public":
        yield CLOCK
    if route.audience == "merchant":
        yield SELLER


def _content(one: Any, names: Names, example: Any = None) -> Schema:
    if isinstance(one, Text):
        schema = {"type": "string"} if one in (PAGE, STREAM, CSV) else {"type": "string", "format": "binary"}  # a file
        made: Schema = {"schema": schema | {"description": one.description}}
        return {one.media: made | ({"example": example} if example is not None else {})}
    made = {"schema": {"$ref": REF + names[one]}}
    return {"application/json": made | ({"example": example} if example is not None else {})}


def _answers(route: Route, names: Names, examples: Schema) -> Schema:
    """A dry run answers 200 with what it would change, beside or instead of what the verb answers."""
    made: Schema = {}
    for status, one in sorted(route.answers.items()):
        words = one.description if isinstance(one, Text) else SAID[status]
        made[str(status)] = {"description": words, "content": _content(one, names, examples.get(str(status)))}
        if route.operation.page:
            made[str(status)]["content"] |= _content(PAGE, names)
        if route.operation.csv:
            made[str(status)]["content"] |= _content(CSV, names)
        if route.operation.streams:
            made[str(status)]["content"] |= _content(STREAM, names)
    if route.operation.dry_run:
        dry = _content(route.operation.dry_run, names, examples.get("dry_run"))
        if done := made.get("200"):
            schemas = [content["application/json"]["schema"] for content in (done["content"], dry)]
            done["description"] = "Done; or, of a dry run, what would be."
            if schemas[0] != schemas[1]:
                done["content"]["application/json"]["schema"] = {"oneOf": schemas}
        else:
            made["200"] = {"description": "Of a dry run: what would be.", "content": dry}
    return dict(sorted(made.items()))


PAGE: Final = Text("text/html", "The same as a page, ready to print.")
SAID: Final = {200: "Done.", 201: "Made.", 202: "Not done: it waits for a second person.", 503: "Not now."}


# Refusals -------------------------------------------------------------------------------------------------------------


def _refusals(route: Route) -> Iterator[tuple[int, Schema]]:
    names = {codes: shared for shared, codes in SHARED.items()}
    for codes in _by_status(codes_of(route)):
        status = STATUS.get(codes[0], 422)
        yield status, {"$ref": f"#/components/responses/{names[codes]}"} if codes in names else _problem(codes)


def _by_status(codes: tuple[Code, ...]) -> list[tuple[Code, ...]]:
    def status(code: Code) -> int:
        return STATUS.get(code, 422)

    return [tuple(some) for _, some in groupby(sorted(codes, key=status), key=status)]


def _problem(codes: tuple[Code, ...]) -> Schema:
    schema = {"$ref": f"{REF}Problem", "properties": {"code": {"enum": [str(code) for code in codes]}}}
    words = "\n".join(f"* `{code}`: {MEANING[code]}" for code in codes)
    made: Schema = {"description": words, "content": {"application/problem+json": {"schema": schema}}}
    if header := WITH_HEADER.get(STATUS.get(codes[0], 422)):
        made["headers"] = {header[0]: {"description": header[1], "schema": {"type": "string"}}}
    return made


# The rest -------------------------------------------------------------------------------------------------------------


def _with_meanings(schemas: dict[str, Schema]) -> dict[str, Schema]:
    """The closed list of codes, each with its status and its sentence."""
    lines = [f"* `{code}` ({STATUS.get(code, 422)}): {MEANING[code]}" for code in Code]
    schemas["Code"]["description"] = "What was refused, for programs.\n\n" + "\n".join(lines)
    return schemas


def _reflowed(text: str) -> str:
    return "\n\n".join(re.sub(r"\s+", " ", paragraph).strip() for paragraph in text.split("\n\n"))


class _Dumper(yaml.CSafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.CSafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


def _list(dumper: yaml.CSafeDumper, some: list[Any]) -> yaml.SequenceNode:
    return dumper.represent_sequence("tag:yaml.org,2002:seq", some, flow_style=all(map(_is_short, some)))


def _mapping(dumper: yaml.CSafeDumper, some: Schema) -> yaml.MappingNode:
    is_small = len(some) <= 1 or len(str(some)) < 100
    return dumper.represent_mapping(
        "tag:yaml.org,2002:map", some, flow_style=is_small and all(map(_is_short, some.values()))
    )


def _is_short(one: Any) -> bool:
    return not isinstance(one, list | dict) and len(str(one)) < 60


_Dumper.add_representer(str, _text)
_Dumper.add_representer(list, _list)
_Dumper.add_representer(dict, _mapping)
