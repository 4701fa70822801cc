"""Purchases of which the merchant's word alone frees no limit: proved by an operator, they are as if it had."""

import re

import pytest

from tests.flows import (
    test_after_the_purchase_stories,
    test_authorization_stories,
    test_deposit_stories,
    test_late_and_disputed_stories,
    test_stories,
)
from tests.flows.story import cases, tell
from tests.flows.world import World

FILES = (
    test_stories,
    test_after_the_purchase_stories,
    test_authorization_stories,
    test_deposit_stories,
    test_late_and_disputed_stories,
)
_PAYS = re.compile(r"^ *pay\b", re.MULTILINE)
STORIES = {name: text for one in FILES for name, text in one.STORIES.items() if _PAYS.search(text)}


@pytest.mark.long
@pytest.mark.parametrize("text", cases(STORIES))
async def test_story_proved(text: str, world: World) -> None:
    merchant = f"/v1/operator/merchants/{world.demo.merchant_id}/change"
    assert (await world.operator.post(merchant, {"is_believed": False})).status_code == 200
    await tell(world, text, is_doubted=True)
