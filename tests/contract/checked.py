"""Holds what goes over the wire against openapi.yaml, field by field."""

import copy
import json
import re
from functools import cache
from typing import Any
from urllib.parse import parse_qsl

import httpx
import yaml
from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from service.api.public import CONTRACT

Schema = dict[str, Any]

URN = "urn:tenor"


@cache
def _kept() -> Schema:
    """The document that is kept. Reading it takes seconds, and nobody changes it."""
    closed: Schema = _closed(yaml.load(CONTRACT.read_text(), getattr(yaml, "CSafeLoader", yaml.SafeLoader)))
    return closed


class Contract:
    """An OpenAPI document that can be asked whether an exchange keeps to it."""

    def __init__(self, made: Schema | None = None) -> None:
        self.made = _closed(copy.deepcopy(made)) if made else _kept()
        self._registry = Registry[Any]().with_resource(URN, DRAFT202012.create_resource(self.made))
        self._paths = {template: re.compile(re.sub(r"{\w+}", "[^/]+", template)) for template in self.made["paths"]}
        self._validators: dict[str, Draft202012Validator] = {}  # by what they validate

    def operation_of(self, method: str, path: str) -> tuple[str, Schema] | None:
        """The operation that serves a path, with its name; the one with the fewest parameters if two could."""
        fits = [
            (template.count("{"), template)
            for template, pattern in self._paths.items()
            if pattern.fullmatch(path) and method.lower() in self.made["paths"][template]
        ]
        if not fits:
            return None
        template = min(fits)[1]
        return f"{method} {template}", self.made["paths"][template][method.lower()]

    def check(self, response: httpx.Response) -> str:
        """Asserts that an exchange is as the document says; the operation's name."""
        request = response.request
        found = self.operation_of(request.method, request.url.path)
        assert found, f"{request.method} {request.url.path} is not in the contract"
        name, operation = found
        where = f"{name} {response.status_code}"
        assert str(response.status_code) in operation["responses"], f"{where} is not in the contract: {response.text}"
        said = self._resolved(operation["responses"][str(response.status_code)])
        media = response.headers["content-type"].partition(";")[0]
        assert media in said["content"], f"{where} answers {media}"
        if "json" in media.replace("ndjson", ""):
            self._validate(response.json(), said["content"][media]["schema"], where)
        for header in said.get("headers", {}):
            assert header in response.headers, f"{where} lacks {header}"
        if response.is_success:
            self._check_request(request, operation, name)
        return name

    def _check_request(self, request: httpx.Request, operation: Schema, name: str) -> None:
        """What was accepted is what the document allows: body, query and headers."""
        parameters = [self._resolved(one) for one in operation.get("parameters", [])]
        queries = {one["name"] for one in parameters if one["in"] == "query"}
        assert dict(parse_qsl(request.url.query.decode())).keys() <= queries, f"{name} takes an unknown parameter"
        for one in parameters:
            if one["in"] == "header" and one["required"]:
                assert one["name"] in request.headers, f"{name} was done without {one['name']}"
        if body := request.content:
            assert "requestBody" in operation, f"{name} took a body"
            content = operation["requestBody"]["content"]
            if "application/json" in content:
                self._validate(json.loads(body), content["application/json"]["schema"], name)

    def _validate(self, value: Any, schema: Schema, where: str) -> None:
        if where not in self._validators:
            absolute = json.loads(json.dumps(schema).replace('"#/', f'"{URN}#/'))
            self._validators[where] = Draft202012Validator(absolute, registry=self._registry)
        faults = list(self._validators[where].iter_errors(value))
        assert not faults, f"{where}: " + "; ".join(f"{fault.json_path}: {fault.message}" for fault in faults)[:2000]

    def _resolved(self, one: Schema) -> Schema:
        if "$ref" not in one:
            return one
        found: Any = self.made
        for part in one["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        return dict(found)


def _closed(made: Any) -> Any:
    """Answers may grow for clients, but here a field that the document does not know is a fault."""
    if isinstance(made, dict):
        if made.get("type") == "object" and "properties" in made:
            made.setdefault("additionalProperties", False)
        for part in made.values():
            _closed(part)
    elif isinstance(made, list):
        for part in made:
            _closed(part)
    return made
