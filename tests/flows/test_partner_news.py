"""A partner hears of its files, of days that were compared and of its breaks, numbered without gaps."""

from typing import Any

from tests.flows.test_partner import bought
from tests.flows.world import NOON, World

DAY = NOON.date().isoformat()


async def news(world: World, after: int = 0) -> list[dict[str, Any]]:
    listed = await world.partner.get("/v1/partner/news", after=after)
    assert listed.status_code == 200, listed.text
    told: list[dict[str, Any]] = listed.json()["events"]
    assert [one["number"] for one in told] == list(range(after + 1, after + 1 + len(told)))
    return told


async def test_a_day_is_told_from_its_files_to_the_last_break(world: World) -> None:
    assert await news(world) == []
    await bought(world)
    programme = world.demo.programme_id
    await world.operator.post(f"/v1/operator/programmes/{programme}/files", {"business_on": DAY})
    told = await news(world)
    assert [(one["type"], one["data"]["kind"], one["actor"]) for one in told] == [
        ("file.made", kind, "day") for kind in ("POS", "TXN", "STL", "CHG")
    ]
    files = {one["data"]["kind"]: one["data"]["file_id"] for one in told}
    where = f"/v1/partner/files/received?programme_id={programme}&business_on={DAY}&of_type="
    csv = {"Content-Type": "text/csv"}
    for kind in ("POS", "TXN"):
        content = (await world.partner.get(f"/v1/partner/files/{files[kind]}/content")).text
        if kind == "TXN":
            content = content.replace("70.00,0.00", "75.00,0.00")
        assert (await world.partner.post(where + kind, content=content.encode(), headers=csv)).status_code == 201
    refused = await world.partner.post(where + "TXN", content=content.encode(), headers=csv)
    assert refused.json()["code"] == "duplicate_file"
    told = await news(world, 4)
    assert [(one["type"], one["actor"]) for one in told] == [
        ("file.received", "partner"), ("file.received", "partner"), ("file.refused", "partner")
    ]  # fmt: skip
    assert told[-1]["data"]["reason"] == "duplicate_file"

    compared = await world.operator.post(f"/v1/operator/programmes/{programme}/reconciliations", {"business_on": DAY})
    assert compared.json()["verdict"] == "breaks"
    finished, opened = await news(world, 7)
    assert (finished["type"], finished["data"]["verdict"]) == ("reconciliation.finished", "breaks")
    assert finished["data"]["reconciliation_id"] == compared.json()["id"]
    assert (opened["type"], opened["data"]["kind"], opened["data"]["amount"]) == ("break.opened", "amount_diff", 5_00)
    found = opened["data"]["break_id"]
    await world.operator.post(f"/v1/operator/breaks/{found}/assign", {"owner": "Ada"})
    await world.partner.post(f"/v1/partner/breaks/{found}/notes", {"note": "We look into it."})
    await world.operator.post(f"/v1/operator/breaks/{found}/resolve", {"note": "They corrected it."})
    told = await news(world, 9)
    assert [(one["type"], one["actor"], one["data"]["state"], one["data"]["owner"]) for one in told] == [
        ("break.changed", "operator", "new", "Ada"),
        ("break.commented", "partner", "new", "Ada"),
        ("break.resolved", "operator", "resolved", "Ada"),
    ]
    assert {one["data"]["break_id"] for one in told} == {found}


async def test_a_break_that_a_later_comparison_no_longer_has_is_told_resolved(world: World) -> None:
    await bought(world)
    programme = world.demo.programme_id
    await world.operator.post(f"/v1/operator/programmes/{programme}/files", {"business_on": DAY})
    files = {one["data"]["kind"]: one["data"]["file_id"] for one in await news(world)}
    where = f"/v1/partner/files/received?programme_id={programme}&business_on={DAY}&of_type="
    content = {kind: (await world.partner.get(f"/v1/partner/files/{files[kind]}/content")).text for kind in files}
    wrong = content["TXN"].replace("70.00,0.00", "75.00,0.00")
    await world.partner.post(where + "POS", content=content["POS"].encode(), headers={"Content-Type": "text/csv"})
    for number, txn in enumerate((wrong, content["TXN"])):
        await world.partner.post(where + "TXN", content=txn.encode(), headers={"Content-Type": "text/csv"})
        path = f"/v1/operator/programmes/{programme}/reconciliations"
        await world.operator.post(path, {"business_on": DAY, "confirmed": bool(number)})
    told = [(one["type"], one["data"].get("verdict")) for one in await news(world, 6)]
    assert told == [
        ("reconciliation.finished", "breaks"), ("break.opened", None), ("file.received", None),
        ("reconciliation.finished", "reconciled"), ("break.resolved", None),
    ]  # fmt: skip
    assert (await news(world, 11)) == []
