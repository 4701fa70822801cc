"""Past purchases, each as the checkout it would be here, and how it ended. Pure.

An empty cell is a fact nobody told us. A cell that is no value of its kind stops the reading: data that are guessed
at teach the wrong thing.
"""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Final

from msgspec import Struct

from service.checkout.request import Checkout
from service.checkout.snapshot import Snapshot
from service.errors import Code, Refused
from service.learning.table import Table
from service.money import AMOUNT_MAX, EXPONENTS
from service.people.consumer import Attribute
from service.plans.offer import Kind
from service.policies.document import Feature, FeatureType, Source

CONSUMER: Final = "co_" + "0" * 26
INSTALMENTS_MAX: Final = 120
WHOLE: Final = re.compile(r"[+-]?[0-9]{1,15}")
YES_OR_NO: Final = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


class Columns(Struct, frozen=True):
    """What the columns of a file mean. The defaults are those of the demo's applications; empty: there is none."""

    outcome: str = "creditability"
    good: str = "good"  # the word of a good ending
    bad: str = ""  # the word of a bad one; empty: the only other word there is
    amount: str = "credit_amount"  # in the main unit of `currency`: 1283 or 1283.50
    instalments: str = "duration_in_month"
    category: str = "purpose"
    currency: str = "EUR"


class Past(Struct, frozen=True):
    """One purchase that has ended."""

    request: Checkout
    snapshot: Snapshot
    is_good: bool
    cells: Mapping[str, str]  # as they stand in the file


def wanted_columns(columns: Columns, features: Sequence[Feature], groups: Sequence[str] = ()) -> dict[str, str]:
    """The columns that are read, and for whom."""
    wanted = {
        name: f"--{option}"
        for option, name in (
            ("outcome", columns.outcome),
            ("amount", columns.amount),
            ("instalments", columns.instalments),
            ("category", columns.category),
        )
        if name
    }
    for feature in features:
        if feature.source is Source.ATTRIBUTE:
            wanted.setdefault(feature.of or feature.name, f"the feature {feature.name!r}")
    return wanted | {name: "--groups" for name in groups if name not in wanted}


def past_of(table: Table, columns: Columns, features: Sequence[Feature]) -> list[Past]:
    """The rows that ended well or badly, as checkouts with the attributes that `features` read.

    Refused with one sentence where a cell is not of its kind, or where all ended alike.
    """
    if columns.currency not in EXPONENTS:
        raise Refused(Code.INVALID_FILE, f"There is no currency {columns.currency} here.")
    bad = columns.bad or _other_word(table, columns)
    attributes = [feature for feature in features if feature.source is Source.ATTRIBUTE]
    past = [
        _past(f"{table.name}: row {number}", row, columns, attributes)
        for number, row in enumerate(table.rows, 1)
        if row[columns.outcome] in (columns.good, bad)
    ]
    for word, is_good in ((columns.good, True), (bad, False)):
        if not any(one.is_good is is_good for one in past):
            ending = "well" if is_good else "badly"
            raise Refused(
                Code.INVALID_FILE,
                f"{table.name}: none ended {ending} ({columns.outcome!r} is never {word!r}); it takes both endings.",
            )
    return past


def _other_word(table: Table, columns: Columns) -> str:
    words = sorted({row[columns.outcome] for row in table.rows} - {columns.good})
    if len(words) == 1:
        return words[0]
    if not words:
        raise Refused(
            Code.INVALID_FILE,
            f"{table.name}: none ended badly ({columns.outcome!r} is always {columns.good!r}); it takes both endings.",
        )
    some = ", ".join(map(repr, words[:4])) + (", ..." if len(words) > 4 else "")
    raise Refused(
        Code.INVALID_FILE,
        f"{table.name}: besides {columns.good!r} {columns.outcome!r} is {some}; say which is bad with --bad.",
    )


def _past(at: str, row: dict[str, str], columns: Columns, attributes: Sequence[Feature]) -> Past:
    request = Checkout(
        merchant_reference=at,
        consumer_id=CONSUMER,
        currency=columns.currency,
        amount=_amount(at, columns.amount, row[columns.amount], columns.currency),
        kinds=(Kind.INSTALMENTS,),
        category=row[columns.category] if columns.category else "",
        instalments=_instalments(at, columns.instalments, row) if columns.instalments else None,
    )
    known: dict[str, Attribute] = {}
    for feature in attributes:
        column = feature.of or feature.name
        if row[column]:
            known[column] = _fact(at, column, row[column], feature.type)
    return Past(request, Snapshot(consumer_id=CONSUMER, attributes=known), row[columns.outcome] == columns.good, row)


def _amount(at: str, column: str, text: str, currency: str) -> int:
    """Minor units."""
    try:
        scaled = Decimal(text).scaleb(EXPONENTS[currency])
    except InvalidOperation:
        raise _no(at, column, text, "amount", may_be_empty=False) from None
    if not scaled.is_finite() or scaled != scaled.to_integral_value() or not 0 < scaled <= AMOUNT_MAX:
        raise _no(at, column, text, f"amount above zero in {currency}", may_be_empty=False)
    return int(scaled)


def _instalments(at: str, column: str, row: dict[str, str]) -> int | None:
    text = row[column]
    if not text:
        return None
    number = _whole(at, column, text)
    if not 1 <= number <= INSTALMENTS_MAX:
        raise _no(at, column, text, f"number of instalments from 1 to {INSTALMENTS_MAX}")
    return number


def _fact(at: str, column: str, text: str, type_: FeatureType) -> Attribute:
    if type_ is FeatureType.INTEGER:
        return _whole(at, column, text)
    if type_ is FeatureType.BOOLEAN:
        if text.casefold() not in YES_OR_NO:
            raise _no(at, column, text, "yes or no")
        return YES_OR_NO[text.casefold()]
    if text.casefold() == "nan":
        raise _no(at, column, text, "word")
    return text


def _whole(at: str, column: str, text: str) -> int:
    if not WHOLE.fullmatch(text):
        raise _no(at, column, text, "whole number")
    return int(text)


def _no(at: str, column: str, text: str, kind: str, *, may_be_empty: bool = True) -> Refused:
    hint = "; an empty cell says that it is not known" if may_be_empty else ""
    return Refused(Code.INVALID_FILE, f"{at}: {column!r} is {text!r}, which is no {kind}{hint}.")
