"""What many operations say alike is said once among the components, and named by reference."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from service.contract.schemas import REF, Schema

PARAMETER: Final = "#/components/parameters/"
SHARED_FROM: Final = 3  # operations; what fewer say stands where it is read


def share_examples(paths: dict[str, Schema]) -> Schema:
    """The answers that are shown, one of each schema: verbs on a plan all answer a plan, and one is enough to read.

    In the paths a reference to it stands in their place; requests are short and stay where they are.
    """
    shared: Schema = {}
    for told in _operations(paths):
        for answer in told["responses"].values():
            content = answer.get("content", {}).get("application/json", {})
            if "example" in content:
                schema = content["schema"]
                name = (schema.get("oneOf") or [schema])[0]["$ref"].removeprefix(REF)
                shared.setdefault(name, {"value": content.pop("example")})
                content["examples"] = {"told": {"$ref": f"#/components/examples/{name}"}}
    return dict(sorted(shared.items()))


def share_parameters(paths: dict[str, Schema]) -> Schema:
    """The parameters of addresses and queries that several operations have alike: `PlanId`, and `PlanIdQuery`."""
    said = Counter(json.dumps(one) for told in _operations(paths) for one in told.get("parameters", ()))
    shared: Schema = {}
    names: dict[str, str] = {}
    for text, times in said.most_common():
        one: Any = json.loads(text)
        if times >= SHARED_FROM and "$ref" not in one:
            name = "".join(map(str.capitalize, one["name"].split("_"))) + ("Query" if one["in"] == "query" else "")
            if name not in shared:  # another one of that name is said less often, and stands where it is read
                shared[name], names[text] = one, name
    for told in _operations(paths):
        for place, one in enumerate(told.get("parameters", ())):
            if name := names.get(json.dumps(one), ""):
                told["parameters"][place] = {"$ref": f"{PARAMETER}{name}"}
    return dict(sorted(shared.items()))


def _operations(paths: dict[str, Schema]) -> Iterator[Schema]:
    for path in paths.values():
        yield from path.values()
