"""What the consumer is told of a refusal or a referral is there for the asking, as JSON and as a page."""

from html.parser import HTMLParser
from typing import Any

import httpx
import pytest

from tests.flows.world import SHARED, Client, World

HTML = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}  # what browsers send
LARGE = 16_000_00  # above 15,000 the demo's policy wants a person to look
SHOP = "Hauptstrasse Home & Motor"


class Page(HTMLParser):
    """The texts of a page by element, and a check that what is opened is closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.texts: dict[str, list[str]] = {}
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        if tag != "meta":
            self.open.append(tag)
            self.texts.setdefault(tag, []).append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts[self.open[-1]][-1] += data


async def refused(world: World, language: str = "en") -> dict[str, Any]:
    """A purchase above what is left of the limit, with what would be approved instead."""
    consumer = await world.consumer(limit=300_00)
    answer = await world.checkout(consumer, 600_00, kinds=["instalments"], language=language)
    assert (answer["outcome"], bool(answer["alternatives"])) == ("declined", True)
    return answer


async def notice(client: Client, path: str, accept: dict[str, str] | None = None, **query: str) -> httpx.Response:
    headers = client._headers() | (accept or {})
    return await client._http.get(f"{path}/notice", params=query or None, headers=headers)


def paths(world: World, decision: str) -> list[tuple[Client, str]]:
    """Who may read it, and where."""
    return [
        (world.merchant, f"/v1/checkouts/{decision}"),
        (world.operator, f"/v1/operator/decisions/{decision}"),
    ]


@SHARED
async def test_merchant_and_operator_read_what_the_consumer_is_told(world: World) -> None:
    answer = await refused(world, "de")
    before = await world.row_counts()
    (of_merchant, of_operator) = [await notice(client, path) for client, path in paths(world, answer["id"])]
    assert of_merchant.status_code == 200, of_merchant.text
    assert (of_merchant.headers["content-type"], of_merchant.headers["vary"]) == ("application/json", "Accept")
    assert of_operator.content == of_merchant.content
    said = of_merchant.json()
    assert (said["decision_id"], said["language"], said["on"]) == (answer["id"], "de", "2026-03-02")
    assert said["title"] == "Wir konnten Ihrem Einkauf nicht zustimmen"
    assert all(word in said["about"] for word in (SHOP, "600,00 EUR", "2. März 2026", answer["id"]))
    assert said["reasons"] == [reason["sentence"] for reason in answer["reasons"]]
    assert len(said["alternatives"]) == len(answer["alternatives"])
    for text, alternative in zip(said["alternatives"], answer["alternatives"], strict=True):
        assert f"{alternative['offer']['amount'] // 100},00 EUR" in text
    assert len(said["rights"]) == 3
    assert await world.row_counts() == before


TITLES = {
    "de": "Wir konnten Ihrem Einkauf nicht zustimmen",
    "en": "We could not approve your purchase",
    "zh": "我们未能批准您的购买",
}


@SHARED
@pytest.mark.parametrize("language", TITLES)
async def test_a_browser_gets_the_page_in_the_language_asked_for(world: World, language: str) -> None:
    answer = await refused(world)
    for client, path in paths(world, answer["id"]):
        said = (await notice(client, path, language=language)).json()
        made = await notice(client, path, HTML, language=language)
        assert made.headers["content-type"] == "text/html; charset=utf-8"
        assert made.headers["vary"] == "Accept"
        assert "default-src 'none'" in made.headers["content-security-policy"]
        assert made.text.startswith(f'<!doctype html><html lang="{language}">')
        shown = Page(made.text).texts
        assert shown["h1"] == shown["title"] == [said["title"]] == [TITLES[language]]
        assert shown["h2"] == [said["reasons_title"], said["alternatives_title"]]
        assert shown["li"] == said["reasons"] + said["alternatives"]
        assert shown["p"] == [said["about"], *said["rights"]]


@SHARED
async def test_a_program_gets_json(world: World) -> None:
    answer = await refused(world)
    for client, path in paths(world, answer["id"]):
        for accept in ("*/*", "application/json", "application/json, text/html", "text/html;q=0.5, */*", "image/png"):
            plain = await notice(client, path, {"Accept": accept})
            assert plain.headers["content-type"] == "application/json", accept


@SHARED
async def test_of_a_referral_it_is_what_the_person_decided(world: World) -> None:
    referral = await world.checkout(await world.consumer(), LARGE)
    for client, path in paths(world, referral["id"]):
        waiting = (await notice(client, path)).json()
        assert waiting["title"] == "We are still looking at your purchase"
        assert "leaves the decision to a member of our staff" in waiting["rights"][0]
    said = {"outcome": "decline", "note": "No payslips.", "reasons": ["INCOME"]}
    done = await world.operator.post(f"/v1/operator/reviews/{referral['id']}", said)
    decision = done.json()["decision"]
    told = [
        (await notice(client, path)).json()
        for one in (referral["id"], decision["id"])
        for client, path in paths(world, one)
    ]
    assert told == told[:1] * 4
    assert told[0]["decision_id"] == decision["id"]
    assert told[0]["title"] == "We could not approve your purchase"
    assert told[0]["reasons"] == [reason["sentence"] for reason in decision["reasons"]]
    assert "computer" not in told[0]["rights"][0]


@SHARED
async def test_what_was_approved_has_no_notice(world: World) -> None:
    approved = await world.checkout(await world.consumer(), 100_00)
    referral = await world.checkout(await world.consumer(), LARGE)
    said = {"outcome": "approve", "note": "The payslips were shown."}
    await world.seconded(await world.operator.post(f"/v1/operator/reviews/{referral['id']}", said))
    for one in (approved["id"], referral["id"]):
        for client, path in paths(world, one):
            missing = await notice(client, path, HTML)
            assert (missing.status_code, missing.json()["code"]) == (404, "not_found")
            assert "it was approved" in missing.json()["detail"]


@SHARED
async def test_another_merchants_notice_and_one_that_never_was_are_not_there(world: World) -> None:
    decision = (await refused(world))["id"]
    never = ("de_00000000000000000000000000", decision[:-4] + "0000", f"of{decision[2:]}", "x")
    asked = [(world.other_merchant, f"/v1/checkouts/{decision}")]
    asked += [place for one in never for place in paths(world, one)]
    for client, path in asked:
        missing = await notice(client, path)
        assert (missing.status_code, missing.json()["code"]) == (404, "not_found"), path


@SHARED
@pytest.mark.parametrize("language", ["fr", "", "DE", "de-AT", "de,en", "\x00"])
async def test_there_are_three_languages(world: World, language: str) -> None:
    decision = (await refused(world))["id"]
    for client, path in paths(world, decision):
        wrong = await notice(client, path, HTML, language=language)
        assert (wrong.status_code, wrong.json()["code"]) == (400, "invalid_field"), wrong.text
        assert wrong.json()["pointer"] == "/language"


async def test_the_shop_is_called_what_it_was_called_then(world: World) -> None:
    decision = (await refused(world))["id"]
    await world.pool.execute("update merchants set name = 'Another Name'")
    for client, path in paths(world, decision):
        assert SHOP in (await notice(client, path)).json()["about"]
