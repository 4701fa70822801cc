"""A shop that signs its requests: registered by a key of ours, recognized by its signature, answered with ours."""

import secrets
from typing import Annotated, Any, Final
from urllib.parse import unquote

import msgspec
from msgspec import Meta, Struct

from service import clock
from service.access import known_by
from service.access.key import Principal, mark_of
from service.api.ask import Asked, header, services_of
from service.api.body import Body
from service.api.guard import admitted, require_scope
from service.api.services import Services
from service.audit.entry import Act, By, Thing, Verb
from service.errors import Code, Refused
from service.facades.door import Call, Reply
from service.facades.store import Q, digest_of
from service.facades.wechat.signing import headers_of, is_signed, new_key, public_key_of, public_pem, signed_of

SIGNER: Final = "wechat"  # in the state of a request: whose it is


class SignerBody(Struct, frozen=True, forbid_unknown_fields=True):
    """The key by which a shop signs."""

    mchid: Annotated[str, Meta(min_length=1, max_length=32, pattern=r"^[0-9A-Za-z_]+\Z")]
    serial_no: Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[0-9A-Fa-f]+\Z")]
    public_key: Annotated[str, Meta(min_length=1, max_length=4000)]  # PEM
    apiv3_key: Annotated[str, Meta(pattern=r"^[!-~]{32}\Z")] | None = None  # the shop is told what is encrypted by it


class Signer(Struct, frozen=True):
    """Whose a request is, and by which key it is answered."""

    mchid: str
    key_id: str
    own_key: bytes


_signer: Final = Body(SignerBody)


async def identify(request: Asked, body: bytes) -> Principal:
    """The shop, by its signature; who registers one, by a key of ours. Refused: UNAUTHORIZED, RATE_LIMITED."""
    services, text = services_of(request), header(request, b"authorization") or ""
    if text.lower().startswith("bearer "):
        if not request.scope["path"].rstrip("/").endswith("/tenor/signers"):
            raise Refused(Code.UNAUTHORIZED, "Sign the request: a key of ours registers one that signs.")
        return await admitted(request, await services.registry.principal(text[7:].strip()), "merchant")
    signed = signed_of(text)
    row = signed and await services.pool.fetchrow(Q.load_signer, signed.mchid, signed.serial_no)
    query = request.scope["query_string"].decode("latin-1")
    raw: bytes = request.scope.get("raw_path") or request.scope["path"].encode()
    address = raw.decode("latin-1").partition("?")[0] + (f"?{query}" if query else "")
    now_s = int(clock.now().timestamp())
    # wechatpayv3 signs an address as it is spelt, and sends `|` as %7C; of one address it leaves the slash out.
    spelt = (address, address.removeprefix("/"), unquote(address))
    if (
        not signed
        or not row
        or not any(is_signed(signed, row["public_key"], request.method, one, body, now_s) for one in spelt)
    ):
        raise Refused(Code.UNAUTHORIZED, "The signature is not of a key that is registered here, or is too old.")
    now = services.registry.now
    principal = await admitted(request, now.keys.get(now.hmacs.get(row["key_id"], b"")), "merchant")
    name = _name(signed.mchid, signed.serial_no)
    own_key = known_by.read(services.registry.secrets, row["secret_mark"], name, row["own_key"])
    if own_key is None or principal.owner_id != row["merchant_id"]:
        raise Refused(Code.UNAUTHORIZED, "Register the key anew: our secret has changed.")
    request.scope["state"][SIGNER] = Signer(signed.mchid, _id_of(own_key), own_key)
    return principal


async def register(call: Call) -> Reply:
    """From now on requests that are signed by this key are made in the name of the key that says so."""
    body = _signer.read(call.body, call.content_type)
    principal = call.ours.principal
    for thing in ("checkouts", "plans", "consumers"):
        require_scope(principal, thing, "write")
    if public_key_of(body.public_key) is None:
        raise Refused(Code.INVALID_FIELD, "public_key: an RSA key of 2048 to 4096 bits, PEM.", "/public_key")
    services = call.services
    under, own_key = services.registry.secrets, new_key()
    sealed = known_by.kept(under.present, _name(body.mchid, body.serial_no), own_key)
    apiv3_key = None
    if body.apiv3_key is not None:
        apiv3_key = known_by.kept(under.present, _reads(body.mchid, body.serial_no), body.apiv3_key.encode())
    by = By(principal.audience, principal.owner_id, principal.key_id)
    async with services.pool.acquire() as conn, conn.transaction():
        made = await conn.fetchval(
            Q.insert_signer, body.mchid, body.serial_no, call.merchant_id, principal.key_id, body.public_key, sealed,
            mark_of(under.present), clock.now(), apiv3_key,
        )  # fmt: skip
        if made is None:
            raise Refused(Code.REFERENCE_USED, "This mchid and serial_no are registered already.", "/serial_no")
        told = {"mchid": body.mchid, "serial_no": body.serial_no}
        await services.audit.record(conn, by, [Act(Verb.CHANGED, Thing.KEY, principal.key_id, told)])
    said: dict[str, Any] = {
        "mchid": body.mchid, "public_key_id": _id_of(own_key), "public_key": public_pem(own_key),
    }  # fmt: skip
    return Reply(msgspec.json.encode(said), 201)


def signed_reply(request: Asked, reply: Reply) -> Reply:
    """The answer with our signature, for who has signed."""
    signer: Signer | None = request.scope["state"].get(SIGNER)
    if signer is None:
        return reply
    now_s = int(clock.now().timestamp())
    made = headers_of(signer.own_key, signer.key_id, reply.body, secrets.token_hex(16), now_s)
    return msgspec.structs.replace(reply, headers=reply.headers | made)


async def writer_of(services: Services, mchid: str, merchant_id: str) -> tuple[Signer, bytes] | None:
    """By whose key of ours a shop is told something, and its own that it reads it by; None: it reads nothing."""
    row = await services.pool.fetchrow(Q.load_writer, mchid, merchant_id)
    if row is None:
        return None
    under, serial_no = services.registry.secrets, row["serial_no"]
    own_key = known_by.read(under, row["secret_mark"], _name(mchid, serial_no), row["own_key"])
    apiv3_key = known_by.read(under, row["secret_mark"], _reads(mchid, serial_no), row["apiv3_key"])
    if own_key is None or apiv3_key is None:
        return None
    return Signer(mchid, _id_of(own_key), own_key), apiv3_key


def signer_of(call: Call) -> str:
    """The shop's own name of itself."""
    signer: Signer = call.state[SIGNER]
    return signer.mchid


def _name(mchid: str, serial_no: str) -> str:
    return f"wechat {mchid} {serial_no}"


def _reads(mchid: str, serial_no: str) -> str:
    return f"{_name(mchid, serial_no)} apiv3"


def _id_of(own_key: bytes) -> str:
    """`PUB_KEY_ID_` and 32 digits that follow from the key."""
    return f"PUB_KEY_ID_{int.from_bytes(digest_of(public_pem(own_key))[:13]):032d}"
