"""The queue of referrals: a person reads one, and says yes or no, once."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import get, post
from litestar.params import RawBody
from litestar.response.base import ASGIResponse
from msgspec import Meta, Struct, field

from service import ids
from service.actor import ActorKind
from service.api.ask import Ask, Asked, InPath, content_type, read, write
from service.api.body import Body
from service.api.checkouts import row_of
from service.api.lists import Listed
from service.api.operation import operation
from service.api.paging import AfterDecision, Limit
from service.api.reply import encode, reply, reply_answer
from service.api.texts import key_of
from service.api.two_people import Doing, Proposed, needs_two, propose
from service.audit.entry import Thing, Verb
from service.checkout import answer as answers
from service.checkout import decision_log, review_store
from service.checkout.answer import Decision, Outcome
from service.checkout.decision_log import DecisionRow
from service.checkout.evidence import Evidence, evidence_of
from service.checkout.flow import Q as CHECKOUT
from service.checkout.flow import Who, load_known
from service.checkout.request import Checkout
from service.checkout.review import (
    REFERRAL_LIVES,
    Review,
    ReviewOutcome,
    decide_reviewed,
    reviewed_snapshot,
    weight_asked,
)
from service.checkout.sealing import unseal_part
from service.db import Connection, Pool
from service.engine.events import TELL, Told
from service.engine.work import Answer
from service.errors import Code, Refused
from service.event_type import EventType
from service.limits.account import Account
from service.packed import unpack
from service.plans.reading_store import Q as PLANS
from service.policies.reasons import Reason, ReasonCode
from service.private_text import NO_NUMBERS, SEALED, seal_text

Note = Annotated[str, Meta(min_length=1, max_length=2_000, pattern=r"^[^\x00]*\Z"), SEALED, NO_NUMBERS]


class ReviewBody(Struct, frozen=True, forbid_unknown_fields=True):
    """`reasons` are what the consumer hears of a decline: the principal ones, the weightiest first."""

    outcome: ReviewOutcome  # what the person says
    note: Note  # why, for the file
    reasons: Annotated[tuple[ReasonCode, ...], Meta(max_length=4)] = ()


class Referral(Struct, frozen=True):
    """A decision that waits for a person; `GET /v1/operator/decisions/{id}` has all that was known."""

    decision_id: str = field(name="id")
    merchant_id: str
    consumer_id: str = field(name="consumer")
    merchant_reference: str
    currency: str
    amount: int  # minor units asked
    decided_at: datetime
    review_by: datetime  # afterwards it has lapsed
    reasons: list[Reason]  # why it was referred


class ReferralPage(Struct, frozen=True):
    """What waits, the oldest first; `after` is what to ask with next."""

    referrals: list[Referral]
    after: str


class ReviewView(Struct, frozen=True):
    """What a person said of a referral, and the decision it made."""

    referral_id: str = field(name="id")
    outcome: ReviewOutcome  # what the person said
    reasons: list[ReasonCode]  # of a decline
    note: str  # why, for the file
    reviewed_by: str  # the key
    reviewed_at: datetime
    decision: answers.Answer  # as binding as any; the merchant gets it under the referral's id


class ReviewOf(Struct, frozen=True):
    """A referral that one operator would approve: it waits for another."""

    referral_id: str
    note: str  # sealed


class Made(Struct, frozen=True):
    """A review and the decision that it makes, before it is kept."""

    review: Review
    row: DecisionRow
    decision: Decision
    weight: int  # minor units that it grants at most

    @property
    def currency(self) -> str:
        """Of the purchase."""
        return self.row.currency


_review = Body(ReviewBody)


@get("/reviews", opt=operation("reviews", ReferralPage, csv=True))
async def list_referrals(request: Asked, after: AfterDecision = "", limit: Limit = 100) -> ASGIResponse:
    """The referrals that nobody has reviewed yet and that have not lapsed."""
    ask = read(request)
    since = ask.now - REFERRAL_LIVES
    oldest = ids.lowest(ids.DECISION, int(since.timestamp() * 1000))
    rows = await ask.services.pool.fetch(CHECKOUT.list_referrals, max(after, oldest), since, limit)
    page = [_referral(dict(row)) for row in rows]
    return Listed(ReferralPage(page, page[-1].decision_id if page else after))


@get("/reviews/{decision_id:str}", opt=operation("reviews", ReviewView))
async def get_review(request: Asked, decision_id: InPath) -> ASGIResponse:
    """What a person said of a referral."""
    ask, row = read(request), None
    if ids.is_id(decision_id, ids.DECISION):
        row = await ask.services.pool.fetchrow(CHECKOUT.load_review, ids.bucket_of(decision_id), decision_id)
    if row is None:
        raise Refused(Code.NOT_FOUND, f"There is no review of {decision_id[:100]!r}.", "/id")
    await ask.record_reading(Thing.DECISION, decision_id, "review")
    return reply(_view(dict(row)))


@post(
    "/reviews/{decision_id:str}",
    status_code=201,
    opt=operation(
        "reviews",
        {201: ReviewView, 202: Proposed},
        takes=ReviewBody,
        refuses=(Code.STATE_FORBIDS, Code.REFERENCE_USED),
        example={"outcome": "decline", "note": "No payslips were shown.", "reasons": ["INCOME"]},
    ),
)
async def review_referral(request: Asked, body: RawBody, decision_id: InPath) -> ASGIResponse:
    """Approve or decline a referral, once.

    It becomes a decision of its own: of an approval, with offers that bind as long as any; the merchant finds it under
    the referral's id, and hears of it by an event. An approval of more than one operator moves alone
    (`TENOR_ALONE_MAX`) waits for a second person: 202.
    """
    asked = _review.read(body, content_type(request))
    _refuse_contradictions(asked)
    ask = write(request, body, ids.bucket_in(decision_id))
    if not ids.is_id(decision_id, ids.DECISION):
        raise Refused(Code.NOT_FOUND, f"There is no decision {decision_id[:100]!r}.", "/id")
    review = Review(decision_id, asked.outcome, asked.reasons)
    made = await _decide(ask, ask.services.pool, review)
    opened: list[Account] = []

    async def keep(conn: Connection) -> Answer:
        await _refuse_what_cannot_be(conn, made)
        note = seal_text(await key_of(ask.services, conn, made.row.consumer_id), decision_id, asked.note)
        if asked.outcome is ReviewOutcome.APPROVE and made.weight > ask.services.settings.alone_max.of(made.currency):
            act = ReviewOf(decision_id, note)
            return await propose("approve_referral", ask, conn, Thing.DECISION, decision_id, act)
        view, accounts = await _keep(ask, conn, made, note)
        opened.extend(accounts)
        return Answer(201, encode(view))

    answer = await ask.services.engine.once(ask.must_key, ask.now, keep)
    await ask.services.snapshots.accounts_changed(opened)
    return reply_answer(answer)


@needs_two("approve_referral", "reviews")
async def _approve_as_proposed(doing: Doing, asked: ReviewOf) -> ReviewView:
    """Decides on what is known when the second person approves it, by whom it then is reviewed."""
    ask, conn = doing.ask, doing.conn
    made = await _decide(ask, conn, Review(asked.referral_id, ReviewOutcome.APPROVE))
    await _refuse_what_cannot_be(conn, made)
    view, accounts = await _keep(ask, conn, made, asked.note)
    doing.afterwards.append(lambda: ask.services.snapshots.accounts_changed(accounts))
    return view


async def _decide(ask: Ask, conn: Connection | Pool, review: Review) -> Made:
    """The decision that the review makes, on what is known now, under the policy that referred it."""
    services = ask.services
    bucket = ids.bucket_of(review.referral_id)
    log = await conn.fetchrow(CHECKOUT.load_evidence, bucket, review.referral_id)
    if log is None:
        raise Refused(Code.NOT_FOUND, f"There is no decision {review.referral_id!r}.", "/id")
    request, facts = [unseal_part(services.secrets, log, part) for part in ("request", "snapshot")]
    if request is None or facts is None:
        raise Refused(Code.STATE_FORBIDS, "Its consumer was erased: there is nothing left to review.", "/id")
    read_then: Evidence = _decode_evidence(facts)
    checkout: Checkout = _decode_checkout(request)
    who = Who(checkout.consumer_id, checkout.currency)
    known = (await load_known(conn, services.secrets, [who])).get(who)
    if known is None:
        raise Refused(Code.STATE_FORBIDS, "Its consumer was erased in this instant.", "/id")
    snapshot = reviewed_snapshot(read_then.snapshot, known.snapshot)
    registry = services.registry
    merchant = registry.now.merchants[read_then.merchant.merchant_id]
    programmes = () if merchant.is_test else registry.now.programmes
    evidence = evidence_of(snapshot, merchant, programmes, checkout.currency)
    policy = await registry.version(log["policy_id"], log["policy_version"])
    made_id, now = ids.new_id(ids.DECISION, bucket, ask.now_ms), ask.time_at(merchant.merchant_id)
    decision = decide_reviewed(made_id, review, checkout, evidence, policy, now)
    return Made(review, row_of(checkout, known, request, evidence, decision), decision, weight_asked(checkout))


async def _refuse_what_cannot_be(conn: Connection, made: Made) -> None:
    """Refused: STATE_FORBIDS (it is over, or was reviewed), REFERENCE_USED."""
    referral_id = made.review.referral_id
    await _refuse_what_is_over(conn, referral_id, made.decision.answer.decided_at)
    if made.review.outcome is ReviewOutcome.APPROVE:
        if await conn.fetchrow(CHECKOUT.load_review, ids.bucket_of(referral_id), referral_id):
            raise review_store.was_reviewed()
        await _refuse_taken(conn, made.row)


async def _keep(ask: Ask, conn: Connection, made: Made, note: str) -> tuple[ReviewView, Sequence[Account]]:
    """Writes it down, tells the merchant; and the accounts that the decision has opened. Refused: STATE_FORBIDS."""
    review, row, answer, by = made.review, made.row, made.decision.answer, ask.by.key_id
    assert by is not None
    now = answer.decided_at
    await review_store.keep(conn, review.referral_id, row.decision_id, review.outcome, review.reasons, note, by, now)
    accounts = (await decision_log.append_own(conn, [row])).opened
    data = {"decision_id": row.decision_id, "referral_id": review.referral_id, "outcome": row.outcome}
    text = encode(data | {"merchant_reference": row.merchant_reference}).decode()
    event = Told(
        row.bucket,
        ids.derive(ids.EVENT, row.decision_id),
        row.merchant_id,
        EventType.REVIEWED,
        now,
        ActorKind.OPERATOR,
        text,
        decision_id=row.decision_id,
    )
    await TELL.execute(conn, told=[event])
    said = {"outcome": review.outcome, "reasons": review.reasons, "made": row.decision_id}
    await ask.record(conn, Verb.REVIEWED, Thing.DECISION, review.referral_id, said)
    return ReviewView(review.referral_id, review.outcome, list(review.reasons), note, by, now, answer), accounts


async def _refuse_what_is_over(conn: Connection, decision_id: str, now: datetime) -> None:
    row = await conn.fetchrow(CHECKOUT.load_outcome, ids.bucket_of(decision_id), decision_id)
    assert row is not None  # it was read before, and decisions stay
    outcome, decided_at, amends = row
    if amends:
        raise Refused(Code.STATE_FORBIDS, "It was asked for more of a plan, which is asked again or not at all.", "/id")
    if outcome != Outcome.REFERRED:
        raise Refused(Code.STATE_FORBIDS, f"This decision was {outcome}, not referred.", "/id")
    if now > decided_at + REFERRAL_LIVES:
        raise Refused(
            Code.STATE_FORBIDS, f"It was referred more than {REFERRAL_LIVES.days} days ago, and has lapsed.", "/id"
        )


async def _refuse_taken(conn: Connection, row: DecisionRow) -> None:
    """While the merchant reference has a plan, no offer of an approval could be accepted; a decline is possible."""
    if await conn.fetchval(PLANS.is_reference_taken, row.merchant_id, row.merchant_reference):
        raise decision_log.reference_used(row.merchant_reference, "/id")


def _referral(row: dict[str, Any]) -> Referral:
    until = row["decided_at"] + REFERRAL_LIVES
    answer = _decode_answer(unpack(row.pop("answer")))
    return Referral(**row, amount=answer.amount, review_by=until, reasons=list(answer.reasons))


def _view(row: dict[str, Any]) -> ReviewView:
    return ReviewView(**row | {"decision": _decode_answer(unpack(row["decision"]))})


def _refuse_contradictions(asked: ReviewBody) -> None:
    if asked.outcome is ReviewOutcome.DECLINE and not asked.reasons:
        raise Refused(Code.INVALID_FIELD, "Who is declined hears why: one to four reasons.", "/reasons")
    if asked.outcome is ReviewOutcome.APPROVE and asked.reasons:
        raise Refused(Code.INVALID_FIELD, "Reasons are those of a decline.", "/reasons")
    if len(set(asked.reasons)) < len(asked.reasons):
        raise Refused(Code.INVALID_FIELD, "A reason is named twice.", "/reasons")


_decode_answer = msgspec.json.Decoder(answers.Answer).decode
_decode_evidence = msgspec.json.Decoder(Evidence).decode
_decode_checkout = msgspec.json.Decoder(Checkout).decode
