"""Our banks: the accounts on which programmes are settled, and the messages that tell of them."""

import re
from typing import Annotated, Final

from litestar import Response, get, post
from litestar.exceptions import HTTPException
from litestar.params import RawBody
from litestar.response.base import ASGIResponse
from msgspec import Meta, Struct

from service.api.ask import Asked, content_type, read, write
from service.api.body import Body
from service.api.lists import Listed
from service.api.operation import Text, operation
from service.api.paging import AfterBankMessage, AfterIban, Limit
from service.api.reply import encode, reply, reply_answer, reply_refused
from service.api.room import Room
from service.audit.entry import Thing, Verb
from service.checkout.request import Currency
from service.db import Connection
from service.deadline import LONG, LONG_S
from service.engine.work import Answer
from service.errors import Code, Refused
from service.merchants.settlement_terms import BankAccount, require_account
from service.reconciling import bank_flow as flow
from service.reconciling.bank_flow import OwnAccount, ToldMessage

MESSAGE_BYTES_MAX: Final = 16 * 1024 * 1024  # some 40,000 payments

_reading: Final = Room(places=1)  # for messages that are being read


ProgrammeId = Annotated[str, Meta(pattern=r"^pr_[0-9A-HJKMNP-TV-Z]{26}\Z")]


class OwnAccountBody(Struct, frozen=True, forbid_unknown_fields=True):
    """An account of ours for one currency: a programme is settled on it, or merchants are paid from it."""

    currency: Currency
    account: BankAccount  # our own
    programme_id: ProgrammeId | None = None  # null: merchants are paid from it


class OwnAccountPage(Struct, frozen=True):
    """Accounts by their number; `after` is what to ask with next."""

    accounts: list[OwnAccount]
    after: str


class ToldMessagePage(Struct, frozen=True):
    """Messages, the oldest first; `after` is what to ask with next."""

    messages: list[ToldMessage]
    after: str


_account = Body(OwnAccountBody)


@post(
    "/bank-accounts",
    status_code=201,
    opt=operation(
        "breaks",
        OwnAccount,
        takes=OwnAccountBody,
        refuses=(Code.NOT_FOUND, Code.STATE_FORBIDS),
        example={
            "programme_id": "{programme_id}",
            "currency": "EUR",
            "account": {"holder": "Alster Credit AG", "iban": "DE89370400440532013000"},
        },
    ),
)
async def open_own_account(request: Asked, body: RawBody) -> ASGIResponse:
    """Register an account of ours, so that its statements are taken: those of all other accounts are refused.

    A programme is settled on it. Without one, merchants are paid from it: what its statements show is what becomes of
    their payouts, and what was not ordered, and what is late, is a break (`GET /v1/operator/breaks?leg=payout`).
    """
    asked = _account.read(body, content_type(request))
    require_account(asked.account, "/account")
    ask = write(request, body)

    async def make(conn: Connection) -> Answer:
        made = await flow.open_account(conn, asked.programme_id, asked.currency, asked.account, ask.now)
        await ask.record(conn, Verb.MADE, *_thing_of(asked), {"account": made.iban[-4:]})
        return Answer(201, encode(made))

    return reply_answer(await ask.services.engine.once(ask.must_key, ask.now, make))


@get("/bank-accounts", opt=operation("breaks", OwnAccountPage))
async def list_own_accounts(request: Asked, after: AfterIban = "", limit: Limit = 100) -> ASGIResponse:
    """The accounts of ours whose statements are taken."""
    page = await flow.own_accounts(read(request).services.pool, after, limit)
    return reply(OwnAccountPage(page, page[-1].iban if page else after))


@post(
    "/bank-statements",
    status_code=201,
    opt=operation(
        "breaks",
        ToldMessage,
        takes=Text("application/xml", "A camt.053 or camt.054 of ISO 20022, version 2 to 12. At most 16 MiB."),
        refuses=(
            Code.INVALID_FILE,
            Code.FOREIGN_ACCOUNT,
            Code.CURRENCY_MISMATCH,
            Code.WRONG_SUM,
            Code.AMOUNT_MISMATCH,
            Code.DUPLICATE_FILE,
        ),
    )
    | LONG,
    request_max_body_size=MESSAGE_BYTES_MAX,
    exception_handlers={413: lambda request, error: _too_large(error)},
)
async def receive_bank_statement(request: Asked, body: RawBody) -> ASGIResponse:
    """Hand in what our bank sent: a statement of a day, or a notification during it.

    It is loaded whole or not at all: opening + entries is the closing balance, every account is ours, every amount is
    in its currency, every batch is the sum of its payments. What is refused is listed with its reason. A message that
    came before is ignored (`is_known`), unless it says something else under the same name; and a payment that was
    notified is not counted again in the day's statement. Where the bank's own count leaves statements out, `missing`
    says how many never came; where it does not count, that one did not, if none closes with what this one opens with.
    """
    _require_xml(request.headers.get("content-type", ""))
    ask = write(request, body)
    with _reading.place(ask.owner_id):
        if known := await ask.services.engine.answered(ask.must_key):
            return reply_answer(known)
        message = await flow.read_bank_message(ask.services.pool, body, ask.by.owner_id, ask.now)

        async def load(conn: Connection) -> Answer:
            told = await flow.load(conn, message, ask.by.owner_id, ask.now)
            facts = {"kind": told.kind, "sha256": told.sha256, "is_known": told.is_known}
            await ask.record(conn, Verb.MADE, Thing.FILE, told.bank_message_id, facts)
            return Answer(201, encode(told))

        return reply_answer(await ask.services.engine.once(ask.must_key, ask.now, load, LONG_S))


@get("/bank-statements", opt=operation("breaks", ToldMessagePage, csv=True))
async def list_bank_statements(request: Asked, after: AfterBankMessage = "", limit: Limit = 100) -> ASGIResponse:
    """What our banks sent, loaded or refused."""
    page = await flow.messages(read(request).services.pool, after, limit)
    return Listed(ToldMessagePage(page, page[-1].bank_message_id if page else after))


OPERATOR_ROUTES: Final = [open_own_account, list_own_accounts, receive_bank_statement, list_bank_statements]


def _thing_of(asked: OwnAccountBody) -> tuple[Thing, str]:
    return (Thing.PROGRAMME, asked.programme_id) if asked.programme_id else (Thing.PAYOUT, asked.currency)


def _require_xml(media: str) -> None:
    if not re.fullmatch(r"(application|text)/xml( *;.*)?", media.strip().lower()):
        raise Refused(Code.UNSUPPORTED_MEDIA_TYPE, f"Send Content-Type: application/xml, not {media[:100]!r}.")


def _too_large(_: HTTPException) -> Response[bytes]:
    return reply_refused(Refused(Code.TOO_LARGE, f"The message is larger than {MESSAGE_BYTES_MAX} bytes."))
