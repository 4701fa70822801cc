"""The partner sends its own files of a day, and reads what became of each."""

import asyncio
import hashlib
import os
import re
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from typing import Annotated, BinaryIO, Final

from litestar import get, post
from litestar.exceptions import InternalServerException
from litestar.params import QueryParameter, RawBody
from litestar.response.base import ASGIResponse
from msgspec import Struct

from service import ids
from service.api.ask import Ask, Asked, InPath, is_dry_run, read, write
from service.api.body import Body
from service.api.lists import Listed
from service.api.operation import Text, operation
from service.api.paging import AfterFile, Limit
from service.api.reply import encode, reply, reply_answer
from service.api.room import Room
from service.audit.entry import Thing, Verb
from service.db import Connection
from service.deadline import LONG, LONG_S
from service.engine.work import Answer
from service.errors import Code, Refused
from service.exchange import allow
from service.partners import receiving_flow as receiving
from service.partners.received import Proof, ReceivedFile, ReceivedState, ReceivedType
from service.partners.receiving import FILE_BYTES_MAX
from service.reconciling.breaks_flow import require_untouched

_FAULTS: Final = (
    Code.WRONG_PARTNER, Code.WRONG_DAY, Code.WRONG_SEQUENCE, Code.WRONG_COLUMNS, Code.WRONG_ENCODING, Code.WRONG_COUNT,
    Code.WRONG_SUM, Code.ALTERED_FILE, Code.WRONG_SIGNATURE, Code.CUT_SHORT, Code.DUPLICATE_FILE, Code.INVALID_FILE,
)  # fmt: skip

_room = Room(places=2)  # for files that are being read; none of them is held in memory

Id = Annotated[str, QueryParameter(pattern=r"^[a-z]{2}_[0-9A-HJKMNP-TV-Z]{26}\Z")]


class ReceivedFilePage(Struct, frozen=True):
    """Files, the oldest first; `after` is what to ask with next."""

    files: list[ReceivedFile]
    after: str


class LoadedPreview(Struct, frozen=True, kw_only=True):
    """What would come of a file: nothing of it is kept."""

    dry_run: bool = True
    file: ReceivedFile  # as it would be loaded


class Nothing(Struct, frozen=True, forbid_unknown_fields=True):
    """No field."""


_nothing = Body(Nothing)


@post(
    "/files/received",
    status_code=201,
    opt=operation(
        "files",
        ReceivedFile,
        takes=Text("text/csv", "Your file: the columns of ours by name, in any order. At most 256 MiB."),
        refuses=_FAULTS,
        dry_run=LoadedPreview,
    )
    | LONG,
    request_max_body_size=FILE_BYTES_MAX,
)
async def receive_file_of_day(
    request: Asked,
    programme_id: Id,
    of_type: Annotated[ReceivedType, QueryParameter(description="what it holds")],
    business_on: Annotated[date, QueryParameter()],
    number: Annotated[int | None, QueryParameter(ge=1, le=2**31 - 1, description="as you count them; checked")] = None,
    rows: Annotated[int | None, QueryParameter(ge=0)] = None,
    total: Annotated[
        str | None,
        QueryParameter(
            pattern=r"^-?[0-9]{1,15}(\.[0-9]{1,4})?\Z",
            description="the sum of all components of TXN, of closing of POS, of amount of STL; decimal text; checked",
        ),
    ] = None,
    hash_total: Annotated[
        int | None, QueryParameter(ge=0, lt=10**12, description="as our manifests have it; checked")
    ] = None,
    sha256: Annotated[str | None, QueryParameter(pattern=r"^[0-9a-f]{64}\Z")] = None,
    signature: Annotated[
        str | None,
        QueryParameter(
            pattern=r"^[0-9a-f]{128}\Z",
            description="Ed25519 over the 32 bytes of its SHA-256, by the `file_key` that the programme names; checked",
        ),
    ] = None,
    confirmed: Annotated[bool, QueryParameter()] = False,
) -> ASGIResponse:
    """Send your own file of a business day: what happened, positions, settlement legs, changes, or answers to ours.

    It is loaded whole or refused with a code, and then it stands in the list of what you sent. UTF-8, columns by name,
    separated by commas, semicolons or tabs; decimals after a point, or after a comma where commas separate nothing.
    A further file of the same day takes the place of the one before. What could be read in two ways is refused.

    Where the programme says so, every file is signed. A file may prove itself by `rows`, `total`, `hash_total` and
    `sha256`. One that has the count and sums of ours of another day is refused until it is sent with `confirmed`.
    Answers (ACK) have the columns file_id, line, code and partner_value.
    """
    _require_csv(request.headers.get("content-type", ""))
    proof = Proof(number, rows, total, hash_total, sha256, signature, confirmed)
    with _room.place(request.auth.owner_id):
        async with _spooled(request) as (file, size, digest, ends_a_line):
            is_dry = is_dry_run(request)
            if size > FILE_BYTES_MAX:
                large = receiving.Sent(
                    request.auth.owner_id, programme_id, of_type, business_on, proof, file, size, digest, ends_a_line
                )
                raise await _too_large(request, large, is_dry)
            ask = read(request) if is_dry else write(request, digest)
            sent = receiving.Sent(
                ask.owner_id, programme_id, of_type, business_on, proof, file, size, digest, ends_a_line
            )
            return await (_try(ask, sent) if is_dry else _load(ask, sent))


async def _try(ask: Ask, sent: receiving.Sent) -> ASGIResponse:
    async with ask.services.pool.acquire() as connection:
        return reply(LoadedPreview(file=await receiving.preview(connection, sent, ask.now)))


async def _load(ask: Ask, sent: receiving.Sent) -> ASGIResponse:
    """The file is loaded, or refused and listed."""
    if known := await ask.services.engine.answered(ask.must_key):
        return reply_answer(known)
    faults: list[Refused] = []

    async def keep(connection: Connection) -> Answer:
        try:
            async with connection.transaction():
                loaded = await receiving.load(connection, sent, ask.now)
        except Refused as refused:
            faults.append(refused)
            raise
        told = {"sha256": loaded.sha256, "rows": loaded.rows, "confirmed": sent.proof.confirmed}
        await ask.record(connection, Verb.MADE, Thing.FILE, loaded.file_id, told)
        return Answer(201, encode(loaded))

    answer = await ask.services.engine.once(ask.must_key, ask.now, keep, LONG_S)
    if faults:
        async with ask.services.pool.acquire() as connection:
            await receiving.note_refusal(connection, sent, faults[-1], ask.now)
    return reply_answer(answer)


@get("/files/received", opt=operation("files", ReceivedFilePage, csv=True))
async def list_received_files(
    request: Asked,
    in_state: Annotated[ReceivedState | None, QueryParameter()] = None,
    after: AfterFile = "",
    limit: Limit = 100,
) -> ASGIResponse:
    """What you sent, and what became of it: loaded, refused with a code, superseded or withdrawn."""
    ask = read(request)
    page = await receiving.received_files(ask.services.pool, ask.owner_id, after, limit, in_state)
    return Listed(ReceivedFilePage(page, page[-1].file_id if page else after))


@post(
    "/files/received/{file_id:str}/withdraw",
    status_code=200,
    opt=operation("files", ReceivedFile, takes=Nothing, refuses=(Code.STATE_FORBIDS,)),
)
async def withdraw_received_file(request: Asked, body: RawBody, file_id: InPath) -> ASGIResponse:
    """Take back a file that was sent by mistake: its rows no longer count.

    It is refused once somebody has worked on a break that a comparison found with it: send a corrected file instead.
    """
    if body:
        _nothing.read(body, request.headers.get("content-type", ""))
    if not ids.is_id(file_id, ids.FILE):
        raise Refused(Code.NOT_FOUND, f"There is no file {file_id[:100]!r}.", "/id")
    ask = write(request, body)

    async def take_back(connection: Connection) -> Answer:
        await require_untouched(connection, ask.owner_id, file_id)
        withdrawn = await receiving.withdraw(connection, ask.owner_id, file_id, ask.now)
        await ask.record(connection, Verb.REVOKED, Thing.FILE, file_id)
        return Answer(200, encode(withdrawn))

    return reply_answer(await ask.services.engine.once(ask.must_key, ask.now, take_back))


@asynccontextmanager
async def _spooled(request: Asked) -> AsyncIterator[tuple[BinaryIO, int, bytes, bool]]:
    """The body on disk, its size, its SHA-256, and whether its last line has an end. Of it, a piece is in memory.

    One that is larger than we read is left where that was seen: its size is what was announced, or has come.
    """
    announced = int(request.headers.get("content-length") or 0)
    allow(request.scope, None)
    with tempfile.TemporaryFile() as file:
        digest, size, last, more = hashlib.sha256(), 0, b"", True
        while more and max(size, announced) <= FILE_BYTES_MAX:
            event = await request.receive()
            if event["type"] != "http.request":
                raise InternalServerException("the client left in the middle of its request")
            piece, more = event["body"], event.get("more_body", False)
            size += len(piece)
            await asyncio.to_thread(_write, file, digest, piece)
            last = piece[-1:] or last
        allow(request.scope, LONG_S)
        file.seek(0, os.SEEK_SET)
        yield file, max(size, announced), digest.digest(), last in (b"\n", b"\r", b"")


def _write(file: BinaryIO, digest: "hashlib._Hash", piece: bytes) -> None:
    file.write(piece)
    digest.update(piece)


def _require_csv(content_type: str) -> None:
    media, _, parameters = content_type.partition(";")
    charset = re.search(r'charset="?([\w-]+)', parameters, re.IGNORECASE)
    if media.strip().lower() != "text/csv" or (charset and charset[1].lower() not in ("utf-8", "utf8")):
        sentence = f"Send Content-Type: text/csv (UTF-8), not {content_type[:100]!r}."
        raise Refused(Code.UNSUPPORTED_MEDIA_TYPE, sentence)


async def _too_large(request: Asked, sent: receiving.Sent, is_dry: bool) -> Refused:
    """It is listed, unless it was only tried; its sha256 there is that of what was read."""
    refused = Refused(Code.TOO_LARGE, f"The file is larger than {FILE_BYTES_MAX} bytes.")
    if not is_dry:
        ask = read(request)
        async with ask.services.pool.acquire() as connection:
            await receiving.note_refusal(connection, sent, refused, ask.now)
    return refused


ROUTES: Final = [receive_file_of_day, list_received_files, withdraw_received_file]
