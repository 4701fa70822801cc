"""A plan, for its merchant: open it, capture, claim, release. What is done with its money stands in `plan_money`."""

from collections.abc import Iterable
from typing import Annotated, Any, Final

from litestar import post
from litestar.params import RawBody
from litestar.response.base import ASGIResponse
from msgspec import Meta, Struct
from msgspec.structs import replace

from service import ids
from service.api.ask import Ask, Asked, content_type, is_dry_run, write
from service.api.body import Body
from service.api.charges import InstrumentId
from service.api.holds import once_held
from service.api.instruments import name_for_opened, require_instrument
from service.api.operation import operation
from service.api.reply import reply_answer
from service.api.verb import Names, do, verb
from service.checkout.request import Price, Reference, Text, UnitAmount
from service.errors import Code, Refused
from service.merchants.split import SPLITS_MAX, Splits, require_sellers, require_splits
from service.money import AMOUNT_MAX
from service.plans.authorize import Authorize
from service.plans.bill import BillLine, LineKind, lines_of
from service.plans.book import CAPTURES_MAX, Command
from service.plans.capture import Capture
from service.plans.deposit import Claim, Release
from service.plans.flow import Preview
from service.plans.lower import LowerCapture
from service.plans.offer import Kind
from service.plans.reverse import ReverseCapture
from service.plans.timeline import PlanAnswer
from service.private_text import NO_NUMBERS, SEALED


class AcceptOffer(Struct, frozen=True, forbid_unknown_fields=True):
    """The offer the consumer chose."""

    offer_id: Annotated[str, Meta(pattern=r"^of_[0-7][0-9A-HJKMNP-TV-Z]{25}\Z")]
    instrument_id: InstrumentId | None = None  # what the plan is paid with, and a deposit held on; null: by hand


Named = Annotated[Text, SEALED, NO_NUMBERS]
Proof = Annotated[str, Meta(max_length=2000), SEALED, NO_NUMBERS]


class BilledItem(Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """A line of the final bill, as checkouts take them, and what it is for."""

    name: Named
    amount: UnitAmount
    kind: LineKind = LineKind.ITEM  # of a discount, and of an item that is negative, the amount is taken off


class Discount(Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """What is taken off the bill."""

    name: Named
    amount: Annotated[int, Meta(ge=0, le=AMOUNT_MAX, description="minor units: what is taken off")]


class BillBody(Struct, frozen=True, forbid_unknown_fields=True):
    """The amount and what it is made of."""

    amount: Annotated[int, Meta(ge=0, le=AMOUNT_MAX, description="minor units; 0: it cost nothing")]
    items: Annotated[tuple[BilledItem, ...], Meta(max_length=200)] = ()  # less the discounts, they sum to the amount
    discounts: Annotated[tuple[Discount, ...], Meta(max_length=200)] = ()
    reference: Reference | None = None  # the merchant's own: one capture of the plan has it

    def lines(self) -> tuple[BillLine, ...]:
        """The items, then the discounts as negative lines. Refused: AMOUNT_MISMATCH, INVALID_FIELD."""
        return lines_of(self.amount, billed(self.items, self.discounts))


def billed(items: Iterable[BilledItem], discounts: Iterable[Discount] = ()) -> list[tuple[str, int, LineKind]]:
    """The lines of a bill. Refused: INVALID_FIELD (a charge, a damage or a late return that is negative)."""
    lines = []
    for place, item in enumerate(items):
        if item.amount < 0 and item.kind not in (LineKind.ITEM, LineKind.DISCOUNT):
            sentence = f"A line of kind {item.kind} is not negative; what is taken off is a discount."
            raise Refused(Code.INVALID_FIELD, sentence, f"/items/{place}/amount")
        amount = -abs(item.amount) if item.kind is LineKind.DISCOUNT else item.amount
        lines.append((item.name, amount, item.kind))
    return lines + [(discount.name, -discount.amount, LineKind.DISCOUNT) for discount in discounts]


class CaptureBody(BillBody, frozen=True, forbid_unknown_fields=True):
    """What was shipped or used. `items` less `discounts`, when given, are the amount and stay the plan's bill."""

    final: bool = False  # nothing more will be captured: the rest is given back
    evidence: Proof = ""  # of the use, where the offer's `use` asks for it
    splits: Annotated[Splits, Meta(max_length=SPLITS_MAX)] = ()  # what other sellers have of it; the rest is yours


class ClaimBody(BillBody, frozen=True, forbid_unknown_fields=True):
    """What is missing or broken, and what proves it; with `items`, line by line, which sum to the amount."""

    evidence: Proof = ""
    final: bool = True  # nothing more will be claimed: the rest is given back


class ReleaseBody(Struct, frozen=True, forbid_unknown_fields=True):
    """How much of the deposit goes back; all of it if nothing is said."""

    amount: Price | None = None  # minor units of the plan's currency; null: all that is left


_accept = Body(AcceptOffer)


@post(
    "/plans",
    status_code=201,
    opt=operation(
        "plans",
        PlanAnswer,
        takes=AcceptOffer,
        refuses=(
            Code.NOT_FOUND,
            Code.OFFER_EXPIRED,
            Code.OFFER_ACCEPTED,
            Code.REFERENCE_USED,
            Code.LIMIT_EXCEEDED,
            Code.NO_FUNDING,
            Code.SUBSIDY_SPENT,
            Code.NO_INSTRUMENT,
        ),
        dry_run=Preview,
        example={"offer_id": "{offer_id}"},
    ),
)
async def open_plan(request: Asked, body: RawBody) -> ASGIResponse:
    """Accept an offer: the limit is reserved, the plan is `authorized`.

    Whoever lends the money, the offer's terms stay as they are. An offer that is `partners_only` is refused with
    `no_funding` where the partners that would have taken it have no room left, or say no. One with a `subsidy` is
    refused with `subsidy_spent` where its scheme has less left by now than it was to bear: ask for a new decision.
    """
    accept = _accept.read(body, content_type(request))
    bucket = ids.bucket_of(accept.offer_id)
    ask = write(request, body, bucket)
    command = Authorize(
        command_id=ids.new_id(ids.COMMAND, bucket, ask.now_ms),
        actor=ask.actor,
        offer_id=accept.offer_id,
    )
    if is_dry_run(request):
        return await do(request, ask, command, 201)
    if accept.instrument_id is None:
        return reply_answer(await ask.services.allocating.authorize(command, ask.must_key, ask.real_now))
    if not await ask.services.engine.answered(ask.must_key):
        await require_instrument(ask, accept.offer_id, accept.instrument_id)
    answer = await ask.services.allocating.authorize(command, ask.must_key, ask.real_now)
    if answer.status == 201:
        await name_for_opened(ask, answer, accept.instrument_id)
    return reply_answer(answer)


async def _with_volumes(ask: Ask, command: Command) -> Command:
    """A capture, knowing how much its merchant sells: the fee may depend on it. Refused: NOT_FOUND, a split that is for
    no other seller of the platform."""
    assert isinstance(command, Capture)
    merchants = ask.services.registry.now.merchants
    merchant = merchants[ask.owner_id]
    require_sellers(command.splits, merchant, merchants)
    return replace(command, volumes=merchant.volumes)


_BILL: Final[dict[str, Any]] = {
    "amount": 560_00,
    "items": [
        {"name": "Chair, 3 of them", "amount": 540_00}, {"name": "Delivery", "amount": 30_00, "kind": "charge"},
    ],
    "discounts": [{"name": "Voucher", "amount": 10_00}],
    "final": False,
}  # fmt: skip


@verb(
    "capture",
    200,
    refuses=(
        Code.STATE_FORBIDS,
        Code.AMOUNT_EXCEEDS_AUTHORIZED,
        Code.AMOUNT_MISMATCH,
        Code.IMPOSSIBLE_TERMS,
        Code.LIMIT_EXCEEDED,
        Code.REFERENCE_USED,
        Code.DUPLICATE_CAPTURE,
    ),
    knowing=_with_volumes,
    example=_BILL,
)
def capture_plan(body: CaptureBody, names: Names) -> Command:
    """Goods shipped, or use ended: the amount is owed from today.

    As far as the plan's `leeway` goes, the last capture may be of more than was authorized, and one may come after the
    plan has expired, until `late_capture_until`. Then the consumer's limit must have room for it.

    On a platform a capture is split among sellers (`splits`): each has its part in a settlement of its own, and bears
    the same part of what comes back of this capture. The rest is yours, and so is our fee. Goods of sellers that may
    come back apart are captured apart.
    """
    require_splits(body.splits, body.amount)
    return Capture(
        **names, amount=body.amount, final=body.final, lines=body.lines(), reference=body.reference,
        evidence=body.evidence, splits=body.splits,
    )  # fmt: skip


class ReverseBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Which capture."""

    capture: Annotated[int, Meta(ge=1, le=CAPTURES_MAX)]  # its number


@verb(
    "captures/reverse",
    200,
    refuses=(Code.STATE_FORBIDS, Code.LIMIT_EXCEEDED),
    example={"capture": 1},
    after=("capture_plan",),
)
def reverse_capture(body: ReverseBody, names: Names) -> Command:
    """A capture was a mistake: on its own day the plan is put back to where it would stand without it.

    Its amount may be captured again, and is reserved of the limit; what was paid on it is owed back to the consumer.
    From the next day on, and once something of it was refunded, it can only be refunded.
    """
    return ReverseCapture(**names, capture=body.capture)


class LowerCaptureBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Which capture, and what it should have come to. `items` less `discounts`, when given, are the amount."""

    capture: Annotated[int, Meta(ge=1, le=CAPTURES_MAX)]  # its number
    amount: Annotated[int, Meta(ge=0, le=AMOUNT_MAX, description="minor units: less than what stands of it")]
    because: Annotated[str, Meta(min_length=1, max_length=500), SEALED, NO_NUMBERS]  # why, in words for the consumer
    items: Annotated[tuple[BilledItem, ...], Meta(max_length=200)] = ()
    discounts: Annotated[tuple[Discount, ...], Meta(max_length=200)] = ()


@verb(
    "captures/lower",
    200,
    refuses=(Code.STATE_FORBIDS, Code.AMOUNT_EXCEEDS_OUTSTANDING, Code.AMOUNT_MISMATCH),
    example={"capture": 1, "amount": 500_00, "because": "One chair was damaged when it arrived."},
    after=("capture_plan",),
)
def lower_capture(body: LowerCaptureBody, names: Names) -> Command:
    """A bill was too high: it comes to less, and the difference is no longer owed, or owed back. It never goes up.

    It is a refund of that capture in all respects, of no goods: `captures` show why it was lowered, and the bill as it
    should have been. From then on it comes back by those lines.
    """
    lines = lines_of(body.amount, billed(body.items, body.discounts))
    return LowerCapture(**names, capture=body.capture, amount=body.amount, because=body.because, lines=lines)


_DAMAGE: Final[dict[str, Any]] = {
    "amount": 50_00, "evidence": "The lens is scratched: photograph 3.", "final": True,
    "items": [{"name": "Lens", "amount": 50_00, "kind": "damage"}],
}  # fmt: skip


@verb(
    "claims",
    201,
    refuses=(Code.STATE_FORBIDS, Code.AMOUNT_EXCEEDS_AUTHORIZED, Code.AMOUNT_MISMATCH, Code.DUPLICATE_CAPTURE),
    knowing=once_held,
    example=_DAMAGE,
    kind=Kind.DEPOSIT,
)
def claim_deposit(body: ClaimBody, names: Names) -> Command:
    """Take from a deposit: the held part first, the rest is owed.

    Where the offer's `servicing` has `contest_days`, the plan is `assessing` first: nothing is taken before the
    consumer's days to contest it have ended, and what is contested is decided by the lender.
    """
    lines, evidence = body.lines(), body.evidence
    return Claim(
        **names, amount=body.amount, evidence=evidence, final=body.final, lines=lines, reference=body.reference
    )


@verb(
    "release",
    200,
    refuses=(Code.STATE_FORBIDS, Code.AMOUNT_EXCEEDS_AUTHORIZED),
    example={"amount": 200_00},
    kind=Kind.DEPOSIT,
)
def release_deposit(body: ReleaseBody, names: Names) -> Command:
    """Give a deposit back, all or a part."""
    return Release(**names, amount=body.amount)


ROUTES: Final = [
    open_plan,
    capture_plan,
    reverse_capture,
    lower_capture,
    claim_deposit,
    release_deposit,
]
