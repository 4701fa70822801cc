"""A partner's own files are signed by the key that two people agreed to, and must be where the programme says so."""

import hashlib
from collections import Counter
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.flows.test_partner import bought
from tests.flows.world import NOON, World

KEY, OTHER = (Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32) for number in (1, 2))
DAY = NOON.date().isoformat()


async def agree(world: World, **signing: Any) -> httpx.Response:
    path = f"/v1/operator/programmes/{world.demo.programme_id}"
    terms = (await world.operator.get(path)).json()["versions"][-1]["terms"]
    terms["participants"][0] |= signing
    return await world.seconded(await world.operator.post(f"{path}/versions", terms))


async def content_of_txn(world: World) -> bytes:
    await bought(world)
    path = f"/v1/operator/programmes/{world.demo.programme_id}/files"
    made = (await world.operator.post(path, {"business_on": DAY})).json()["files"]
    (file_id,) = [one["id"] for one in made if one["type"] == "TXN"]
    return (await world.partner.get(f"/v1/partner/files/{file_id}/content")).content


async def send(world: World, content: bytes, by: Ed25519PrivateKey | None = None) -> httpx.Response:
    where = f"/v1/partner/files/received?programme_id={world.demo.programme_id}&business_on={DAY}&of_type=TXN"
    if by is not None:
        where += f"&signature={by.sign(hashlib.sha256(content).digest()).hex()}"
    return await world.partner.post(where, content=content, headers={"Content-Type": "text/csv"})


async def test_a_file_is_signed_by_the_key_that_was_agreed(world: World) -> None:
    content = await content_of_txn(world)
    unknown = await send(world, content, KEY)
    assert (unknown.status_code, unknown.json()["code"]) == (422, "wrong_signature")
    public = KEY.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex()
    assert (await agree(world, file_key=public)).is_success
    for by, altered in ((OTHER, content), (OTHER, content.replace(b"70.00", b"71.00"))):
        refused = await send(world, altered, by)
        assert (refused.status_code, refused.json()["code"]) == (422, "wrong_signature"), refused.text
    assert (await send(world, content, KEY)).json()["state"] == "loaded"
    listed = (await world.partner.get("/v1/partner/files/received")).json()["files"]
    assert Counter(one["fault"] for one in listed) == {"wrong_signature": 3, None: 1}


async def test_where_files_must_be_signed_one_without_is_refused(world: World) -> None:
    content = await content_of_txn(world)
    without = await agree(world, must_sign=True)
    assert (without.status_code, without.json()["pointer"]) == (400, "/participants/0/file_key"), without.text
    public = KEY.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex()
    assert (await agree(world, file_key=public, must_sign=True)).is_success
    refused = await send(world, content)
    assert (refused.status_code, refused.json()["code"]) == (422, "wrong_signature")
    assert (await send(world, content, KEY)).json()["state"] == "loaded"
