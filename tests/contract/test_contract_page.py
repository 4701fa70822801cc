"""The contract for one audience: its routes, all that they name, and nothing else."""

from functools import cache
from typing import Any

import pytest
import yaml
from openapi_spec_validator import validate

from service.api.contract_page import AUDIENCES, page_of, tells
from service.api.public import CONTRACT
from service.api.scopes import audience_of

TEXT = CONTRACT.read_text()
SELECTED = {"tags", "paths", "webhooks", "components"}  # what a page has its parts of


@cache
def whole() -> Any:
    """What is in the file."""
    return yaml.load(TEXT, Loader=yaml.CSafeLoader)


@cache
def page_for(audience: str) -> Any:
    """What is on an audience's page."""
    return yaml.load(page_of(TEXT, audience), Loader=yaml.CSafeLoader)


def refs_in(part: Any) -> set[str]:
    if isinstance(part, dict):
        return {part["$ref"]} if isinstance(part.get("$ref"), str) else set().union(*map(refs_in, part.values()))
    return set().union(*map(refs_in, part)) if isinstance(part, list) else set()


@pytest.mark.parametrize("audience", AUDIENCES)
def test_a_page_is_the_whole_with_parts_left_out(audience: str) -> None:
    """And so it is of OpenAPI 3.1, as the whole is (test_clients.py): each part as it stands there, none missing."""
    page = page_for(audience)
    validate(page | {name: {} for name in SELECTED - {"tags"} if name in page})
    assert page.keys() - {"webhooks"} == whole().keys() - {"webhooks"}
    assert [page[name] for name in whole() if name not in SELECTED] == [
        whole()[name] for name in whole() if name not in SELECTED
    ]
    theirs = {path: told for path, told in whole()["paths"].items() if audience_of(path) in (audience, "public")}
    assert page["paths"] == theirs
    assert page.get("webhooks", {}) == {
        type_: told for type_, told in whole()["webhooks"].items() if tells(audience, type_)
    }
    assert {one["name"] for one in page["tags"]} == {
        tag for told in theirs.values() for verb in told.values() for tag in verb["tags"]
    }
    named = refs_in(page)
    for section, parts in page["components"].items():
        for name, part in parts.items():
            assert part == whole()["components"][section][name]
            if section != "securitySchemes":
                assert f"#/components/{section}/{name}" in named
    for ref in named:
        section, name = ref.removeprefix("#/components/").split("/")
        assert name in page["components"][section]
    assert set(page["components"]["securitySchemes"]) == {f"{audience}_key"}


def test_all_pages_together_are_the_whole() -> None:
    pages = [page_for(audience) for audience in AUDIENCES]
    assert set().union(*(page["paths"] for page in pages)) == set(whole()["paths"])
    assert set().union(*(page.get("webhooks", {}) for page in pages)) == set(whole()["webhooks"])
    assert set().union(*(page["components"]["schemas"] for page in pages)) == set(whole()["components"]["schemas"])


def test_every_tag_has_words() -> None:
    used = {tag for told in whole()["paths"].values() for verb in told.values() for tag in verb["tags"]}
    assert used == {one["name"] for one in whole()["tags"]}


def test_a_merchant_s_page_can_be_read() -> None:
    """Half of the whole, the catalogue of events included."""
    assert len(page_of(TEXT, "merchant")) < 720_000
    assert len(page_of(TEXT, "partner")) < 320_000
    assert len(page_of(TEXT, "support")) < 240_000
