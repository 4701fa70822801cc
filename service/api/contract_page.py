"""openapi.yaml for one audience: its routes, with the components that they name. Pure, from the text of the whole.

The document is written by ourselves, always alike: a key of `paths` stands two spaces in, a component four. A page is
that text with blocks left out, so that nobody has to read YAML to serve it.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from service.api.scopes import audience_of
from service.event_type import EventType
from service.webhooks.endpoint import is_told_to

AUDIENCES: Final = ("merchant", "partner", "operator", "processor", "support")

_REF: Final = re.compile(r"#/components/(\w+)/(\w+)")


def page_of(text: str, audience: str) -> str:
    """The document with the paths of `audience` and those for everybody, the events that it is told of, and the tags
    and components that these use."""
    top = dict(_blocks(text.splitlines(keepends=True), 0))
    paths = [block for path, block in _blocks(top["paths"][1:], 2) if audience_of(path) in (audience, "public")]
    told = [block for name, block in _blocks(top["webhooks"][1:], 2) if tells(audience, name)]
    used = {word for block in paths for word in _tags(block)}
    tags = [block for _, block in _blocks(top["tags"][1:], 0, "- ") if _tag(block) in used]
    sections = {name: (block[0], dict(_blocks(block[1:], 4))) for name, block in _blocks(top["components"][1:], 2)}
    wanted = _wanted([*paths, *told], sections)
    wanted |= {("securitySchemes", f"{audience}_key")}
    made = [block for name, block in top.items() if name not in ("tags", "paths", "webhooks", "components")]
    made += [top["tags"][:1], *tags, top["paths"][:1], *paths]
    made += [top["webhooks"][:1], *told] if told else []
    made += [top["components"][:1]]
    for name, (head, parts) in sections.items():
        if kept := [block for part, block in parts.items() if (name, part) in wanted]:
            made += [[head], *kept]
    return "".join(line for block in made for line in block)


def tells(audience: str, event_type: str) -> bool:
    """Whether an audience hears of such events."""
    return is_told_to(EventType(event_type), audience)


def _blocks(lines: Iterable[str], indent: int, mark: str = "") -> Iterator[tuple[str, list[str]]]:
    """The keys that stand `indent` spaces in, each with its lines; of a list, its entries, which begin with `mark`."""
    start = " " * indent + mark
    block: list[str] = []
    for line in lines:
        begins = line.startswith(start) and (bool(mark) or line[indent] not in " -\n")
        if begins and block:
            yield _key(block), block
            block = []
        block.append(line)
    if block:
        yield _key(block), block


def _key(block: list[str]) -> str:
    return block[0].strip().partition(": ")[0].removesuffix(":").strip("'")


def _tags(block: list[str]) -> Iterator[str]:
    for line in block:
        if line.startswith("      tags: ["):
            yield from line.strip().removeprefix("tags: [").removesuffix("]").split(", ")


def _tag(block: list[str]) -> str:
    found = re.search(r"name: ([\w-]+)", "".join(block))
    assert found, block
    return found[1]


def _wanted(paths: list[list[str]], sections: dict[str, tuple[str, dict[str, list[str]]]]) -> set[tuple[str, str]]:
    """The components that the paths name, and those that these name in turn."""
    wanted: set[tuple[str, str]] = set()
    waiting = list(paths)
    while waiting:
        for section, part in _REF.findall("".join(waiting.pop())):
            if (section, part) not in wanted:
                wanted.add((section, part))
                waiting.append(sections[section][1][part])
    return wanted
