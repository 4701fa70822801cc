"""Use before pay, for its merchant: the use begins, and it ends."""

from datetime import datetime
from typing import Annotated, Final

from msgspec import Meta, Struct

from service.api.body import Nothing
from service.api.holds import once_held
from service.api.verb import Names, verb
from service.errors import Code
from service.plans.book import Command
from service.plans.convert import Convert, Several
from service.plans.offer import Kind
from service.plans.use import Confirm, EndUse, StartUse


class WhenBody(Struct, frozen=True, forbid_unknown_fields=True):
    """When it was."""

    at: Annotated[datetime, Meta(tz=True)] | None = None  # not to come; null: now


@verb("confirm", 200, refuses=(Code.STATE_FORBIDS,), kind=Kind.PAY_AFTER_USE)
def confirm_order(body: Nothing, names: Names) -> Command:
    """The consumer agrees to this order, where the offer's `use` has `confirm_days`.

    Before it nothing can be used or captured; when `use.confirm_by` has passed, the plan expires.
    """
    return Confirm(**names)


@verb(
    "use/start",
    200,
    knowing=once_held,
    refuses=(Code.STATE_FORBIDS,),
    kind=Kind.PAY_AFTER_USE,
    after=("confirm_order",),
)
def start_use(body: WhenBody, names: Names) -> Command:
    """The consumer has what the plan is for: it is `in_use`.

    From then on it does not end as an authorization would: `capture_by` is the longest use that its product allows and
    the days for the bill. A deposit is used the same way, once it is held where it is paid by an instrument.
    """
    return StartUse(**names, at=body.at)


@verb("use/end", 200, refuses=(Code.STATE_FORBIDS,), kind=Kind.PAY_AFTER_USE, after=("confirm_order", "start_use"))
def end_use(body: WhenBody, names: Names) -> Command:
    """The consumer has given it back: what it came to may be captured, or claimed, until `capture_by`.

    A use that was not ended ends with its bill.
    """
    return EndUse(**names, at=body.at)


class ConvertBody(Struct, frozen=True, forbid_unknown_fields=True):
    """What the consumer agrees to."""

    instalments: Several  # a month apart, the first a month from today; at most `convert_max` of the offer's `use`


@verb(
    "convert", 200, refuses=(Code.STATE_FORBIDS, Code.IMPOSSIBLE_TERMS), example={"instalments": 3},
    kind=Kind.PAY_AFTER_USE, after=("confirm_order", "start_use", "end_use", "capture_plan"),
)  # fmt: skip
def convert_plan(body: ConvertBody, names: Names) -> Command:
    """A bill that is overdue falls due in monthly instalments instead, where the offer's `use` has `convert_max`.

    It is the same debt: nothing is lent anew, and the limit is used once. What was levied for paying late falls due
    with the first instalment. A plan is converted once.
    """
    return Convert(**names, instalments=body.instalments)


ROUTES: Final = [confirm_order, start_use, end_use, convert_plan]
