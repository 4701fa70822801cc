"""The operator's limits: set by hand, reviewed by the policy, and every change there was."""

from datetime import datetime
from typing import Annotated

from litestar import get, post
from litestar.params import QueryParameter, RawBody
from litestar.response.base import ASGIResponse
from msgspec import Meta, Struct, field

from service import ids
from service.api.ask import Ask, Asked, InPath, content_type, is_dry_run, read, write
from service.api.body import Body
from service.api.consumers import AccountView
from service.api.operation import operation
from service.api.paging import Limit
from service.api.queries import Q as API
from service.api.reply import encode, reply, reply_answer
from service.api.services import Services
from service.api.two_people import Doing, Proposed, needs_two, propose
from service.audit.entry import Thing, Verb
from service.checkout.limit_flow import ReviewedAccount, Reviewing, review
from service.checkout.request import ConsumerId, Currency
from service.db import Connection
from service.engine.work import Answer
from service.errors import Code, Refused
from service.limits.account import Account
from service.limits.change import LimitChange, LimitRule
from service.limits.flow import Holder, set_limit
from service.limits.store import Q
from service.money import AMOUNT_MAX, EXPONENTS
from service.people.flow import Q as PEOPLE
from service.policies.version import in_force


class LimitBody(Struct, frozen=True, forbid_unknown_fields=True):
    """The new limit, minor units. Below what is out: nothing more is granted until it came back."""

    limit: Annotated[int, Meta(ge=0, le=AMOUNT_MAX)]


class LimitByHand(Struct, frozen=True):
    """A limit, and whose."""

    consumer_id: str
    currency: str
    limit: int

    @property
    def account(self) -> str:
        """The account, for the audit log."""
        return f"{self.consumer_id}.{self.currency}"


class LimitReviewBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Whose account is reviewed."""

    consumer_id: ConsumerId = field(name="consumer")
    currency: Currency


class LimitReview(Struct, frozen=True):
    """What the review came to. Where the limit is below what is out, nothing more is granted until that came back."""

    consumer_id: str = field(name="consumer")
    currency: str
    limit_before: int  # minor units
    limit: int  # minor units, after it
    rule: LimitRule | None  # null: nothing changes
    decrease: str | None  # the policy's name of the decrease that holds
    reserved: int
    used: int
    policy_id: str
    policy_version: int
    dry_run: bool  # whether nothing of this happened


class LimitChangePage(Struct, frozen=True):
    """Changes of one account's limit, the oldest first; `after` is what to ask with next."""

    changes: list[LimitChange]
    after: int


_limit = Body(LimitBody)
_review = Body(LimitReviewBody)


@post(
    "/consumers/{consumer_id:str}/accounts/{currency:str}",
    status_code=200,
    opt=operation("limits", {200: AccountView, 202: Proposed}, takes=LimitBody, example={"limit": 6_000_00}),
)
async def change_limit(request: Asked, body: RawBody, consumer_id: InPath, currency: InPath) -> ASGIResponse:
    """Set a consumer's limit by hand; opens the account if there is none.

    One above what one operator sets alone (`TENOR_ALONE_MAX`) waits for a second person: 202.
    """
    asked = _limit.read(body, content_type(request))
    ask = write(request, body, ids.bucket_in(consumer_id))
    _require_ids(consumer_id, currency)
    changed: list[Account] = []

    async def change(conn: Connection) -> Answer:
        person_id = await conn.fetchval(PEOPLE.hold_person, ids.bucket_of(consumer_id), consumer_id)
        if person_id is None:
            raise Refused(Code.NOT_FOUND, "There is no such consumer.", "/id")
        wanted = LimitByHand(consumer_id, currency, asked.limit)
        if asked.limit > ask.services.settings.alone_max.of(currency):
            return await propose("set_limit", ask, conn, Thing.ACCOUNT, wanted.account, wanted)
        account = await _set(ask, conn, person_id, wanted)
        changed.append(account)
        return Answer(200, encode(_account(consumer_id, account)))

    answer = await ask.services.engine.once(ask.must_key, ask.now, change)
    await ask.services.snapshots.accounts_changed(changed)
    return reply_answer(answer)


@post(
    "/limit-reviews",
    status_code=200,
    opt=operation(
        "limits",
        LimitReview,
        takes=LimitReviewBody,
        refuses=(Code.NOT_FOUND,),
        dry_run=LimitReview,
        example={"consumer": "{consumer_id}", "currency": "EUR"},
    ),
)
async def review_limit(request: Asked, body: RawBody) -> ASGIResponse:
    """Review one account's limit by the policy in force, as the day's close reviews all of them.

    It is raised by a step of the limit table, lowered by a decrease, or stays as it is. What a purchase would tell is
    read from the account's last one; a consumer who has not bought anything yet keeps the limit.
    """
    asked = _review.read(body, content_type(request))
    ask, by = write(request, body, ids.bucket_of(asked.consumer_id)), request.auth.key_id
    if asked.currency not in EXPONENTS:
        raise Refused(Code.INVALID_FIELD, f"There is no currency {asked.currency} here.", "/currency")
    policy = await ask.services.registry.policy(ask.now)
    under = Reviewing(policy, ask.services.registry.now.merchants, ask.services.secrets, by)
    is_dry = is_dry_run(request)
    changed: list[Account] = []

    async def do(conn: Connection) -> Answer:
        found = None
        if person_id := await conn.fetchval(PEOPLE.hold_person, ids.bucket_of(asked.consumer_id), asked.consumer_id):
            holder = Holder(person_id, asked.currency)
            found = (await review(conn, [holder], under, ask.now)).get(holder)
        if found is None:
            raise Refused(Code.NOT_FOUND, "This consumer has no account in this currency.", "/consumer")
        changed.append(found.account)
        reviewed = _reviewed(asked.consumer_id, found, under, is_dry)
        if not is_dry:
            told = {"limit": reviewed.limit, "rule": reviewed.rule}
            thing_id, before = f"{asked.consumer_id}.{asked.currency}", {"limit": reviewed.limit_before}
            await ask.record(conn, Verb.REVIEWED, Thing.ACCOUNT, thing_id, told, before)
        return Answer(200, encode(reviewed))

    if is_dry:
        async with ask.services.pool.acquire() as conn:
            transaction = conn.transaction()
            await transaction.start()
            try:
                return reply_answer(await do(conn))
            finally:
                await transaction.rollback()
    answer = await ask.services.engine.once(ask.must_key, ask.now, do)
    await ask.services.snapshots.accounts_changed(changed)
    return reply_answer(answer)


@get("/consumers/{consumer_id:str}/accounts/{currency:str}/limit-changes", opt=operation("limits", LimitChangePage))
async def list_limit_changes(
    request: Asked,
    consumer_id: InPath,
    currency: InPath,
    after: Annotated[int, QueryParameter(ge=0, le=2**62)] = 0,
    limit: Limit = 100,
) -> ASGIResponse:
    """Every change of the limit: by whom, when, from what to what, by which rule.

    The limit that an account was opened with by a decision stands in that decision.
    """
    _require_ids(consumer_id, currency)
    pool = read(request).services.pool
    person_id = await pool.fetchval(PEOPLE.load_person, ids.bucket_of(consumer_id), consumer_id)
    if person_id is None:
        raise Refused(Code.NOT_FOUND, "There is no such consumer.", "/id")
    rows = await pool.fetch(Q.list_limit_changes, ids.bucket_of(person_id), person_id, currency, after, limit)
    page = [LimitChange(*row) for row in rows]
    return reply(LimitChangePage(page, page[-1].version if page else after))


async def reviewing(services: Services, now: datetime) -> Reviewing | None:
    """Under what the day's close reviews limits; None while no policy is in force."""
    span = in_force(services.registry.now.policies, now)
    if span is None:
        return None
    policy = await services.registry.version(span.policy_id, span.version)
    return Reviewing(policy, services.registry.now.merchants, services.secrets)


@needs_two("set_limit", "limits")
async def _set_as_proposed(doing: Doing, wanted: LimitByHand) -> AccountView:
    bucket = ids.bucket_of(wanted.consumer_id)
    person_id = await doing.conn.fetchval(PEOPLE.hold_person, bucket, wanted.consumer_id)
    assert person_id is not None  # consumers stay
    account = await _set(doing.ask, doing.conn, person_id, wanted)
    doing.afterwards.append(lambda: doing.ask.services.snapshots.accounts_changed([account]))
    return _account(wanted.consumer_id, account)


async def _set(ask: Ask, conn: Connection, person_id: str, wanted: LimitByHand) -> Account:
    assert ask.by.key_id is not None
    account = await set_limit(conn, Holder(person_id, wanted.currency), wanted.limit, ask.by.key_id, ask.now)
    changed = (ids.bucket_of(person_id), person_id, wanted.currency, account.version)
    before = {"limit": await conn.fetchval(API.limit_before, *changed)}
    await ask.record(conn, Verb.CHANGED, Thing.ACCOUNT, wanted.account, {"limit": wanted.limit}, before)
    return account


def _require_ids(consumer_id: str, currency: str) -> None:
    if not ids.is_id(consumer_id, ids.CONSUMER) or currency not in EXPONENTS:
        raise Refused(Code.NOT_FOUND, "There is no such consumer or currency.", "/id")


def _account(consumer_id: str, one: Account) -> AccountView:
    return AccountView(consumer_id, one.currency, one.limit, one.reserved, one.used, one.available, one.version)


def _reviewed(consumer_id: str, found: ReviewedAccount, under: Reviewing, is_dry: bool) -> LimitReview:
    account, one, policy = found.account, found.reviewed, under.policy.policy
    return LimitReview(
        consumer_id, account.currency, found.limit_before, one.limit, one.rule, one.decrease,
        account.reserved, account.used, policy.policy_id, policy.version, is_dry,
    )  # fmt: skip
