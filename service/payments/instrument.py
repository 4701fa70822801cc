"""Instrument: what a consumer pays with, as a processor's token. Pure."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct

from service.errors import Code, Refused
from service.payments.account_number import looks_like_a_number
from service.private_text import SEALED


class InstrumentKind(StrEnum):
    """What the token stands for. The check `instruments_kind_is_known` says the same."""

    CARD = "card"
    BANK_ACCOUNT = "bank_account"
    WALLET = "wallet"


ProcessorName = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9_\-]{0,63}\Z", description="lower case, digits, _ and -")]
Token = Annotated[str, Meta(min_length=1, max_length=200, pattern=r"^[!-~]*\Z")]
Label = Annotated[str, Meta(max_length=60, pattern=r"^[^\x00-\x1f\x7f]*\Z"), SEALED]
LastFour = Annotated[str, Meta(pattern=r"^([0-9]{4})?\Z", description="four digits, or empty: not known")]


class GivenInstrument(Struct, frozen=True):
    """A processor's token for a card, an account or a wallet. A number of one is refused, wherever it stands."""

    processor: ProcessorName  # which gave the token
    token: Token
    kind: InstrumentKind
    last_four: LastFour = ""  # of its number, to be shown
    expires_on: date | None = None  # its last day; null: it has none
    label: Label = ""  # what the consumer calls it
    autopay: bool = False  # the consumer allows that it is charged on due dates


class Instrument(Struct, frozen=True):
    """As it was given, which never changes, and whether it was removed."""

    bucket: int
    instrument_id: str
    consumer_id: str
    merchant_id: str
    processor_id: str
    token: str
    kind: InstrumentKind
    last_four: str
    expires_on: date | None
    label: str
    autopay: bool
    given_at: datetime
    removed_at: datetime | None


def refuse_numbers(given: GivenInstrument) -> None:
    """Refused: NO_TOKEN, with the field in which the number of a card or an account stands; never with what it is."""
    for name in ("token", "label", "processor"):
        if looks_like_a_number(getattr(given, name)):
            sentence = (
                "This looks like the number of a card or an account, which is never kept here; send the processor's"
                " token for it."
            )
            raise Refused(Code.NO_TOKEN, sentence, f"/{name}")
