"""JSON Schemas of the wire structs, with the words that stand beside their fields in the source.

A field is described by the comment on its line and by what its type says (`Meta(description=...)`); where both are
silent, by what the glossary says of every field of its name.
"""

import ast
import inspect
import io
import re
import sys
import tokenize
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime
from enum import Enum
from functools import lru_cache
from typing import Any, Final, get_args

import msgspec

from service.contract.glossary import GLOSSARY

Schema = dict[str, Any]

REF: Final = "#/components/schemas/"


def schemas_of(types: Iterable[Any]) -> dict[str, Schema]:
    """The components of all `types` and of what they are made of, by name."""
    wanted = list(types)
    named = names_of(wanted)
    _, made = msgspec.json.schema_components(wanted, ref_template="{name}")
    by_type = {_msgspec_name(cls, named): cls for cls in named}
    return {
        named[by_type[name]]: _rename(_described(by_type[name], schema), {n: named[c] for n, c in by_type.items()})
        for name, schema in sorted(made.items(), key=lambda pair: named[by_type[pair[0]]])
    }


def document_schema(one: Any) -> Schema:
    """The JSON Schema of one document, with all that it is made of: for editors and other people's validators."""
    parts = schemas_of([one])

    def inside(part: Any) -> Any:
        if isinstance(part, dict):
            return {key: v.replace(REF, "#/$defs/") if key == "$ref" else inside(v) for key, v in part.items()}
        return [inside(one) for one in part] if isinstance(part, list | tuple) else part

    name = names_of([one])[one]
    draft = "https://json-schema.org/draft/2020-12/schema"
    return {"$schema": draft, "$ref": f"#/$defs/{name}", "$defs": inside(parts)}


def names_of(types: Iterable[Any]) -> dict[type, str]:
    """The names of the components: the class's own; where two share it, their modules' words before it."""
    classes = _classes(list(types))
    shared = Counter(cls.__name__ for cls in classes)
    return {cls: cls.__name__ if shared[cls.__name__] == 1 else _module_word(cls) + cls.__name__ for cls in classes}


# Names ----------------------------------------------------------------------------------------------------------------


def _classes(types: list[Any]) -> list[type]:
    """Every struct and enum that the types are made of."""
    found: dict[type, None] = {}

    def visit(one: Any) -> None:
        if isinstance(one, tuple | list):
            for part in one:
                visit(part)
            return
        if not isinstance(one, msgspec.inspect.Type | msgspec.inspect.Field):
            return
        cls = getattr(one, "cls", None)
        if cls is not None:
            if cls in found:
                return
            found[cls] = None
        for part in one.__struct_fields__:
            visit(getattr(one, part))

    visit(msgspec.inspect.multi_type_info(types))
    return list(found)


def _module_word(cls: type) -> str:
    return "".join(word.capitalize() for word in cls.__module__.rsplit(".", 1)[-1].split("_"))


def _msgspec_name(cls: type, named: dict[type, str]) -> str:
    return cls.__name__ if named[cls] == cls.__name__ else f"{cls.__module__}.{cls.__qualname__}"


def _rename(schema: Any, names: dict[str, str]) -> Any:
    if isinstance(schema, dict):
        return {
            key: REF + names[v] if key == "$ref" else published(v) if key == "pattern" else _rename(v, names)
            for key, v in schema.items()
            if not (key == "items" and v is False)  # of a pair `maxItems` says the same, and more generators read it
        }
    return [_rename(part, names) for part in schema] if isinstance(schema, list | tuple) else schema


def published(pattern: Any) -> Any:
    """A pattern of ours as JSON Schema writes it: there `$` is the very end, in Python a line end may follow."""
    return re.sub(r"\\Z$", "$", pattern) if isinstance(pattern, str) else pattern


# Words ----------------------------------------------------------------------------------------------------------------


def _described(cls: type, schema: Schema) -> Schema:
    text = _docstring(cls)
    if issubclass(cls, Enum):
        return {"description": _with_members(text, cls), "type": "string", "enum": [one.value for one in cls]}
    said = {key: value for key, value in schema.items() if key not in ("title", "description")}
    properties = said["properties"]
    for field in msgspec.structs.fields(cls):  # type: ignore[arg-type]  # a struct: msgspec has said so
        properties[field.encode_name] = _property(cls, field, properties[field.encode_name])
    return {"description": text} | {key: value for key, value in said.items() if key != "required" or value}


def _with_members(text: str, cls: type[Enum]) -> str:
    """An enum's docstring and a line for each member; a transition there names values, not members."""
    members = {one.name: one.value for one in cls}
    comments = _comments(cls)
    if not comments:
        return text

    def value_of(word: re.Match[str]) -> str:
        return f"`{members[word[0]]}`" if word[0] in members else word[0]

    words = {value: re.sub(r"\b[A-Z_]{2,}\b", value_of, comments.get(name, "")) for name, value in members.items()}
    lines = "\n".join(f"* `{value}`: {said}" if said else f"* `{value}`" for value, said in words.items())
    return f"{text}\n\n{lines}".strip()


def _property(cls: type, field: msgspec.structs.FieldInfo, schema: Schema) -> Schema:
    """The schema with the words for the field. Where it only names a type, that type says what it is."""
    own, said = _comments(cls).get(field.name, ""), schema.get("description", "")
    text = "; ".join(dict.fromkeys(filter(None, (own, said if said not in own else ""))))
    if not text and "$ref" not in schema:
        text = GLOSSARY.get(field.encode_name, "")
    if datetime in (field.type, *get_args(field.type)):
        schema = schema | {"format": "date-time"}
    return ({"description": text} if text else {}) | {key: v for key, v in schema.items() if key != "description"}


def _docstring(cls: type) -> str:
    """What is said of the class, in paragraphs, without what only concerns the database."""
    text = inspect.cleandoc(vars(cls).get("__doc__") or "")
    paragraphs = [re.sub(r"\s+", " ", paragraph) for paragraph in text.split("\n\n")]
    return re.sub(r"[;.]?\s+[Tt]he check `\w+` says the same\.", ".", "\n\n".join(paragraphs)).strip()


@lru_cache(maxsize=1024)
def _comments(cls: type) -> dict[str, str]:
    """The comments on the lines of a class's fields or members, by name; a base's words hold for who inherits."""
    comments: dict[str, str] = {}
    for base in reversed(cls.__mro__):
        if base.__module__.startswith("service."):
            comments |= dict(_own_comments(base))
    return comments


def _own_comments(cls: type) -> Iterator[tuple[str, str]]:
    classes, lines = _source_of(cls.__module__)
    for node in classes[cls.__qualname__].body:
        target = node.target if isinstance(node, ast.AnnAssign) else getattr(node, "targets", [None])[0]
        words = " ".join(lines[line] for line in range(node.lineno, (node.end_lineno or 0) + 1) if line in lines)
        if isinstance(target, ast.Name) and words and not words.startswith(("type:", "noqa")):
            yield target.id, words


@lru_cache(maxsize=1024)
def _source_of(module: str) -> tuple[dict[str, ast.ClassDef], dict[int, str]]:
    """The classes of a module by their qualified names, and the comments behind something by their lines."""
    source = inspect.getsource(sys.modules[module])
    classes: dict[str, ast.ClassDef] = {}

    def find(node: ast.AST, within: str) -> None:
        for one in ast.iter_child_nodes(node):
            if isinstance(one, ast.ClassDef):
                classes[within + one.name] = one
                find(one, f"{within}{one.name}.")

    find(ast.parse(source), "")
    lines = {
        token.start[0]: token.string.lstrip("# ")
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.COMMENT and not token.line.lstrip().startswith("#")
    }
    return classes, lines
