"""What an insurer is told of its debtors for a month: a row for each, and what proves all of them. Pure.

A debtor is a pseudonym, by which only we know who it is. A row is an object of NDJSON, in the order of policies and
debtors; the same facts give the same bytes.
"""

import json
from collections.abc import Sequence
from datetime import date, datetime
from enum import StrEnum

import msgspec
from msgspec import Struct, field
from msgspec.structs import replace

from service.insurance.insured import Age, Sale, ageing, insured_sales
from service.insurance.limit import LimitState, LimitStep, limit_on
from service.insurance.policy import Insurance
from service.insurance.record import Paid, index_of
from service.money import BPS
from service.partners.signing import Signer


class PromptnessGrade(StrEnum):
    """How promptly a debtor has paid until now."""

    A = "a"  # an index of 80 or more: prompt
    B = "b"  # 70 or more: up to 14 days late
    C = "c"  # 50 or more: up to 30 days late
    D = "d"  # later
    NOT_RATED = "not_rated"  # nothing was paid yet


class PackRow(Struct, frozen=True):
    """A debtor at the end of a month. Amounts are minor units."""

    debtor_id: str
    policy_id: str
    as_of: date
    legal_basis: str  # by which the insurer is told
    country: str
    currency: str
    limit_state: LimitState
    limit: int
    exposure: int  # principal that is owed, by the books
    insured: int
    uninsured: int
    usage_bps: int  # of the limit, by what is insured
    ageing: tuple[Age, ...]
    overdue_days: int  # of the earliest part that is not paid
    index: int | None  # of payment in tenths; null: nothing was paid yet
    grade: PromptnessGrade


class PolicySums(Struct, frozen=True):
    """What the rows of one policy come to, in minor units."""

    policy_id: str
    currency: str
    records: int  # how many rows
    exposure: int  # minor units of all rows
    insured: int  # of it
    uninsured: int  # of it
    ledger: int  # minor units of principal that the same debtors owe by the ledger: the exposure


class PackManifest(Struct, frozen=True):
    """What goes with a pack so that both sides can prove it whole.

    The signature is Ed25519 over this very object as JSON without `signature`: keys sorted, no white space, UTF-8.
    """

    pack_id: str = field(name="id")
    insurer_id: str  # the party that it is for
    begin_on: date  # the first day of the month
    as_of: date  # its last day
    records: int  # how many rows
    policies: tuple[PolicySums, ...]
    sha256: str  # of the bytes, in hexadecimal
    bytes: int  # how long it is
    made_at: datetime
    key: str  # the public half of the key that signs, in hexadecimal
    signature: str = ""  # in hexadecimal

    def signed(self, signer: Signer) -> "PackManifest":
        """The same, signed."""
        named = {name: value for name, value in msgspec.to_builtins(self).items() if name != "signature"}
        text = json.dumps(named, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        return replace(self, signature=signer.sign(text))


class PackDebtor(Struct, frozen=True):
    """What is known of a debtor at the end of a month."""

    debtor_id: str
    country: str
    steps: Sequence[LimitStep]
    sales: Sequence[Sale]
    paid: Sequence[Paid]


def row_of(under: Insurance, one: PackDebtor, as_of: date) -> PackRow:
    """A debtor's row."""
    found = insured_sales(under.policy, under.terms, one.country, one.steps, one.sales)
    exposure, insured = sum(sale.amount for sale in found), sum(sale.insured for sale in found)
    limit, index = limit_on(one.steps, as_of).amount, index_of(one.paid)
    return PackRow(
        debtor_id=one.debtor_id, policy_id=under.policy_id, as_of=as_of, legal_basis=under.policy.legal_basis,
        country=one.country, currency=under.terms.currency, limit_state=one.steps[-1].state, limit=limit,
        exposure=exposure, insured=insured, uninsured=exposure - insured,
        usage_bps=insured * BPS // limit if limit else 0, ageing=ageing(one.sales, found),
        overdue_days=max((sale.overdue_days for sale in one.sales), default=0), index=index, grade=grade_of(index),
    )  # fmt: skip


def grade_of(index: int | None) -> PromptnessGrade:
    """The grade of an index, which is in tenths."""
    if index is None:
        return PromptnessGrade.NOT_RATED
    grades = ((800, PromptnessGrade.A), (700, PromptnessGrade.B), (500, PromptnessGrade.C))
    return next((grade for least, grade in grades if index >= least), PromptnessGrade.D)
