"""The offer: what we bind ourselves to until it expires, and what a plan remembers of it for life. Pure."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Final

from msgspec import Meta, Struct, field

from service.merchants.fee import MerchantFee
from service.partners.funding import Funding
from service.subsidies.offered import Subsidy
from service.terms.apr import Apr
from service.terms.schedule import Instalment
from service.terms.servicing import Servicing
from service.terms.terms import Terms


class Kind(StrEnum):
    """The three ways to buy now. The check `plans_kind_is_known` says the same."""

    INSTALMENTS = "instalments"
    PAY_AFTER_USE = "pay_after_use"
    DEPOSIT = "deposit"


CAPTURE_DAYS_MAX: Final = 3660  # of an authorization, with all its extensions

ExtraDays = Annotated[int, Meta(ge=0, le=CAPTURE_DAYS_MAX)]


class Leeway(Struct, frozen=True, forbid_unknown_fields=True):
    """How far an authorization bends: how long it may be extended, and what may be captured above or after it."""

    extend_days_max: ExtraDays = 0  # days that extensions may add in all; 0: none
    extends_by_itself: bool = False  # once, on its last day, by all the days that it may still be extended
    capture_tolerance_bps: Annotated[int, Meta(ge=0, le=5_000)] = 0  # of what was authorized; for shipping or tips
    late_capture_grace_days: Annotated[int, Meta(ge=0, le=90)] = 0  # after it expired, in which a capture is tried anew


class Scenario(StrEnum):
    """What is used before it is paid. The check `permissions_scenario_is_known` says the same."""

    RIDE = "ride"  # begun and ended within hours: a bicycle, a car, a power bank
    RENTAL = "rental"  # goods for days or months
    STAY = "stay"  # a room
    PAY_AFTER_DELIVERY = "pay_after_delivery"  # goods that are looked at before they are paid
    TRIAL = "trial"  # what is not kept costs nothing


class Use(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """How goods are used before they are paid: who agrees, how long, and how soon after it their bill must come."""

    scenario: Scenario | None = None  # null: any
    confirm_days: Annotated[int, Meta(ge=0, le=90)] = 0  # for the consumer to confirm each order; 0: they need not
    permission: bool = False  # a standing permission of the consumer takes the place of confirming each order
    evidence: bool = False  # the bill is captured with what proves it
    days_max: Annotated[int, Meta(ge=1, le=CAPTURE_DAYS_MAX)] = 365  # of one use
    bill_days: Annotated[int, Meta(ge=1, le=365)] = 30  # after the use has ended
    convert_max: Annotated[int, Meta(ge=0, le=24)] = 0  # monthly instalments for a bill that is overdue; 0: none


class Authenticator(StrEnum):
    """By what a consumer proves that it is they who agree."""

    CODE = "code"  # sent to their own telephone or mailbox, valid once
    PASSKEY = "passkey"  # a key on their own device, unlocked by finger, face or PIN


class Authentication(Struct, frozen=True, forbid_unknown_fields=True):
    """When a consumer must prove that it is they who agree to a plan of this amount: strong customer authentication."""

    above: Annotated[int, Meta(ge=0)] = 0  # minor units: plans of more than this; of another amount it is proved anew
    by: Annotated[tuple[Authenticator, ...], Meta(min_length=1, max_length=2)] = tuple(Authenticator)


class Offer(Struct, frozen=True):
    """One rung of the ladder. Amounts in minor units of `currency`.

    `amount` is the most that may be captured (of a deposit: claimed). `down_payment` is paid to the merchant at the
    checkout and is no part of `amount`. Of a deposit, `waived + held = amount`. `schedule` is what the consumer pays
    if all is captured on the day of the decision; a later capture moves the dates, never the terms.
    """

    offer_id: str = field(name="id")
    kind: Kind
    currency: str
    amount: int
    terms: Terms
    schedule: tuple[Instalment, ...]
    total_cost: int  # interest and fees the consumer pays
    total_payable: int  # down payment and cost included
    apr: Apr
    merchant_fee: MerchantFee
    capture_within_days: int
    time_zone: str  # IANA: whose midnight ends a day of this plan; the merchant's
    expires_at: datetime
    down_payment: int = 0
    waived: int = 0
    waived_bps: int = 0  # the share of the deposit that is waived, of what it is topped up by as well
    held: int = 0
    leeway: Leeway = Leeway()
    use: Use = Use()
    amount_min: int = 0  # minor units, the least that it may be amended to
    amount_max: int = 0  # ... the most, of a deposit what it may be topped up to; 0: neither
    product_class: str = "consumer_credit"  # of credit in the law: which caps bind its price
    servicing: Servicing = Servicing()
    jurisdiction: str = ""  # ISO 3166, or EU: whose law binds it for life
    authentication: Authentication | None = None  # null: the consumer need not prove that it is they who agree
    subsidy: Subsidy | None = None  # null: nobody bears interest of it but the consumer
    partners_only: bool = False  # of partners' money alone: accepted only while one of them has room left for it


class Agreement(Struct, frozen=True):
    """An offer on the way to becoming a plan, and the decision it stands in."""

    decision_id: str
    merchant_id: str
    consumer_id: str
    person_id: str
    merchant_reference: str
    currency: str
    offer: Offer
    takers: tuple[Funding, ...]  # whose money it may be, the first first; none: ours
    grade: str  # of the policy; empty: nobody funds it
