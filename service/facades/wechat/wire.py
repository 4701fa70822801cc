"""What a shop sends to WeChat Pay Score. Amounts are integers of fen; the currency is the renminbi. Pure.

A field that is not named here is refused with PARAM_ERROR.
"""

from datetime import datetime
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

from msgspec import Meta, Struct

from service.errors import Code, Refused
from service.money import AMOUNT_MAX
from service.private_text import NO_NUMBERS

CURRENCY: Final = "CNY"
CHINA: Final = ZoneInfo("Asia/Shanghai")

Number = Annotated[str, Meta(min_length=1, max_length=32, pattern=r"^[0-9A-Za-z_|*-]+\Z"), NO_NUMBERS]
Short = Annotated[str, Meta(min_length=1, max_length=64)]
Reason = Annotated[str, Meta(min_length=1, max_length=30), NO_NUMBERS]
Fen = Annotated[int, Meta(ge=0, le=AMOUNT_MAX)]
Address = Annotated[str, Meta(min_length=1, max_length=255, pattern=r"^https?://[!-~]+\Z")]


class Item(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A line of the bill, or something that is taken off it."""

    name: Annotated[str, Meta(min_length=1, max_length=20), NO_NUMBERS] = "-"
    amount: Fen = 0
    description: Annotated[str, Meta(max_length=30), NO_NUMBERS] = ""
    count: Annotated[int, Meta(ge=1, le=100)] = 1


class TimeRange(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """From when until when: `20091225091010`, `20091225`, or `OnAccept`."""

    start_time: Annotated[str, Meta(max_length=14, pattern=r"^([0-9]{8}|[0-9]{14}|OnAccept)\Z")]
    end_time: Annotated[str, Meta(max_length=14, pattern=r"^([0-9]{8}|[0-9]{14})\Z")] | None = None
    start_time_remark: str = ""
    end_time_remark: str = ""


class RiskFund(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The most that may be asked for."""

    name: Annotated[str, Meta(pattern=r"^(DEPOSIT|ADVANCE|CASH_DEPOSIT|ESTIMATE_ORDER_COST)\Z")]
    amount: Annotated[int, Meta(ge=1, le=AMOUNT_MAX)]
    description: str = ""


Bill = Annotated[tuple[Item, ...], Meta(max_length=100)]
Discounts = Annotated[tuple[Item, ...], Meta(max_length=30)]


class CreateBody(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """An order."""

    out_order_no: Number
    appid: Short
    service_id: Short
    service_introduction: Annotated[str, Meta(min_length=1, max_length=20)]
    time_range: TimeRange
    risk_fund: RiskFund
    notify_url: Address | None = None
    need_user_confirm: bool = True
    openid: Annotated[str, Meta(min_length=1, max_length=128)] | None = None
    attach: Annotated[str, Meta(max_length=256)] = ""
    post_payments: Bill = ()
    post_discounts: Discounts = ()
    location: dict[str, Any] | None = None


class VerbBody(Struct, frozen=True, forbid_unknown_fields=True):
    """What every verb names."""

    appid: Short
    service_id: Short


class CancelBody(VerbBody, frozen=True, forbid_unknown_fields=True):
    """It does not take place."""

    reason: Reason


class CompleteBody(VerbBody, frozen=True, forbid_unknown_fields=True):
    """It is over, and came to this."""

    total_amount: Fen
    post_payments: Bill
    post_discounts: Discounts = ()
    time_range: TimeRange | None = None
    location: dict[str, Any] | None = None
    profit_sharing: bool = False
    goods_tag: str = ""


class DirectBody(Struct, frozen=True, forbid_unknown_fields=True):
    """An order that is over when it is made."""

    out_order_no: Number
    appid: Short
    openid: Annotated[str, Meta(min_length=1, max_length=128)]
    service_id: Short
    service_introduction: Annotated[str, Meta(min_length=1, max_length=20)]
    post_payments: Bill
    time_range: TimeRange
    total_amount: Annotated[int, Meta(ge=1, le=AMOUNT_MAX)]
    post_discounts: Discounts = ()
    location: dict[str, Any] | None = None
    profit_sharing: bool = False
    goods_tag: str = ""
    attach: Annotated[str, Meta(max_length=256)] = ""
    notify_url: Address | None = None

    @property
    def created(self) -> CreateBody:
        """The order that it would be, made before: what it came to is the most that may be asked for."""
        return CreateBody(
            self.out_order_no, self.appid, self.service_id, self.service_introduction, self.time_range,
            RiskFund("ESTIMATE_ORDER_COST", self.total_amount), self.notify_url, False, self.openid, self.attach,
            self.post_payments, self.post_discounts, self.location,
        )  # fmt: skip


class ModifyBody(VerbBody, frozen=True, forbid_unknown_fields=True):
    """It came to less."""

    total_amount: Fen
    post_payments: Bill
    reason: Reason
    post_discounts: Discounts = ()


class PaidWhen(Struct, frozen=True, forbid_unknown_fields=True):
    """When the shop was paid: `20091225091210`, in China's time."""

    paid_time: Annotated[str, Meta(pattern=r"^[0-9]{14}\Z")]


class SyncBody(VerbBody, frozen=True, forbid_unknown_fields=True):
    """It was paid elsewhere."""

    type: Annotated[str, Meta(pattern=r"^Order_Paid\Z")]
    detail: PaidWhen


class RefundAmount(Struct, frozen=True, forbid_unknown_fields=True):
    """How much of what comes back."""

    refund: Annotated[int, Meta(ge=1, le=AMOUNT_MAX)]
    total: Fen
    currency: Annotated[str, Meta(pattern=r"^CNY\Z")] = CURRENCY


class RefundBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Money goes back."""

    out_refund_no: Number
    transaction_id: Short
    amount: RefundAmount
    reason: Annotated[str, Meta(max_length=80), NO_NUMBERS] = ""
    notify_url: Address | None = None
    funds_account: str = ""
    goods_detail: Any = None


class PermitBody(VerbBody, frozen=True, forbid_unknown_fields=True):
    """A user is asked to permit all orders of a service."""

    authorization_code: Annotated[str, Meta(min_length=1, max_length=32, pattern=r"^[0-9A-Za-z_*-]+\Z"), NO_NUMBERS]
    notify_url: Address | None = None


class TerminateBody(Struct, frozen=True, forbid_unknown_fields=True):
    """A permission ends."""

    service_id: Short
    reason: Reason
    appid: Short | None = None  # of the app in which the user has this openid


class ToldPermit(Struct, frozen=True, omit_defaults=True):
    """What the shop is told again of a permission that it has asked for."""

    asked: PermitBody
    openid: str  # our consumer's reference
    scenario: str
    permission_id: str = ""  # empty: the user has not agreed
    mchid: str = ""


class Told(Struct, frozen=True, omit_defaults=True):
    """What the shop is told again of its order."""

    asked: CreateBody
    post_payments: tuple[Item, ...] = ()
    post_discounts: tuple[Item, ...] = ()
    time_range: TimeRange | None = None
    total_amount: int | None = None
    paid_time: str = ""
    paid_type: str = ""  # NEWTON: by us; MCH: the shop has told
    mchid: str = ""


class ToldRefund(Struct, frozen=True, omit_defaults=True):
    """What the shop is told again of a refund."""

    asked: RefundBody
    fact_id: str
    out_order_no: str
    made_at: datetime
    mchid: str = ""


def refuse_other_sum(total: int, payments: tuple[Item, ...], discounts: tuple[Item, ...]) -> None:
    """Refused: INVALID_FIELD, where the payments less the discounts are not the total."""
    came_to = sum(one.amount for one in payments) - sum(one.amount for one in discounts)
    if came_to != total:
        sentence = f"total_amount is {total}, and post_payments less post_discounts are {came_to}."
        raise Refused(Code.INVALID_FIELD, sentence, "/total_amount")
