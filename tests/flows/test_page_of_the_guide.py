"""What the guide has a shop's page do, run as it is printed there: by Node, with what a browser has besides."""

import asyncio
import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from litestar.types import Receive, Scope, Send

from tests.flows.test_authentications import asks, capture, device_of
from tests.flows.test_pages_of_a_shop import SHOP, browsing, session_of
from tests.flows.world import NOON, World
from tests.outside.serving import served
from tests.pages import GUIDE

# A browser sends the page's origin by itself, and asks the consumer's device; here the device is one of the tests'.
BROWSER = """
const {TENOR, PUBLISHABLE_KEY, session, device, origin, clock} = JSON.parse(process.argv[2]);
const send_to = globalThis.fetch;
globalThis.fetch = (url, how = {}) =>
  send_to(url, {...how, headers: {...how.headers, Origin: origin, "Tenor-Clock": clock}});
globalThis.PublicKeyCredential = {parseRequestOptionsFromJSON: (options) => options};
const get = async ({publicKey}) => {
  const answered = await (await send_to(device, {method: "POST", body: JSON.stringify(publicKey)})).json();
  return {toJSON: () => answered};
};
Object.defineProperty(globalThis, "navigator", {value: {credentials: {get}}, configurable: true});
"""
TOLD = "console.log(JSON.stringify({ways, amount: asked.amount, payee: asked.payee, is_confirmed}));\n"


@pytest.mark.skipif(not shutil.which("node"), reason="the page's lines are JavaScript")
async def test_the_lines_of_the_guide_show_a_price_and_have_the_consumer_agree(world: World, tmp_path: Path) -> None:
    page = re.findall(r"^```js\n(.*?)^```$", (GUIDE / "checkout.md").read_text(), re.DOTALL | re.MULTILINE)
    assert len(page) == 2
    (program := tmp_path / "page.mjs").write_text(BROWSER + "".join(page) + TOLD)
    await asks(world)
    consumer = await world.consumer(limit=2_000_00)
    device = await device_of(world, consumer)
    plan = (await world.plan(consumer, 600_00))["id"]

    async def answers(scope: Scope, receive: Receive, send: Send) -> None:
        body, more = b"", True
        while more:
            event: Any = await receive()
            body, more = body + event.get("body", b""), event.get("more_body", False)
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
        credential = json.dumps(device.answer(json.loads(body))).encode()
        await send({"type": "http.response.body", "body": credential, "more_body": False})

    async with browsing(world, SHOP) as (browser,), served(answers) as at:
        given = {
            "TENOR": str(browser.http.base_url).rstrip("/"), "PUBLISHABLE_KEY": browser.key.removeprefix("Bearer "),
            "session": (await session_of(world.merchant, plan))["session"], "device": at, "origin": SHOP,
            "clock": NOON.isoformat(),
        }  # fmt: skip
        node = await asyncio.create_subprocess_exec(
            "node", str(program), json.dumps(given), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        said, fault = await asyncio.wait_for(node.communicate(), 60)
    assert node.returncode == 0, fault.decode()
    told = json.loads(said)
    assert {(way["kind"], way["instalments"], way["total_cost_min"]) for way in told["ways"]} >= {("instalments", 4, 0)}
    assert (told["amount"], told["is_confirmed"]) == (600_00, True)
    assert told["payee"]
    assert await capture(world, plan) == 200
