"""A second policy on trial: in the shadow of the one in force, or for a stable share of consumers."""

from datetime import datetime
from typing import Annotated

from litestar import get, post
from litestar.params import RawBody
from litestar.response.base import ASGIResponse
from msgspec import Meta, Struct, field

from service import ids
from service.api.ask import Asked, InPath, content_type, read, write
from service.api.body import Body, Nothing
from service.api.operation import operation
from service.api.paging import AfterTrial, Limit
from service.api.policies import beside, signer_of
from service.api.reply import encode, reply, reply_answer
from service.audit.entry import Thing, Verb
from service.checkout.challenger import Comparison
from service.db import Connection, Pool
from service.deadline import LONG
from service.engine.work import Answer
from service.errors import Code, Refused
from service.policies import flow, trial_store
from service.policies.flow import Q
from service.policies.version import PolicyState


class TrialBody(Struct, frozen=True, forbid_unknown_fields=True):
    """The challenger, any version without a fault, and the share of consumers it answers; 0: it answers nobody."""

    policy_id: Annotated[str, Meta(pattern=r"^po_[0-9A-Z]{26}\Z")]  # the challenger
    version: Annotated[int, Meta(ge=1, le=1_000_000)]  # the challenger's
    share_bps: Annotated[int, Meta(ge=0, le=10_000)] = 0


class TrialView(Struct, frozen=True):
    """One trial at a time; the champion is whichever policy is in force."""

    trial_id: str = field(name="id")
    policy_id: str  # the challenger
    version: int  # the challenger's
    share_bps: int  # of all consumers, by their id: who is in it stays in it
    started_by: str  # the key
    started_at: datetime
    ended_by: str | None  # the key
    ended_at: datetime | None


class TrialPage(Struct, frozen=True):
    """Trials, the oldest first; `after` is what to ask with next."""

    trials: list[TrialView]
    after: str


class CurrencyComparison(Comparison, frozen=True, kw_only=True):
    """What the challenger did otherwise on checkouts in one currency, challenger less champion, minor units."""

    currency: str
    answered: int  # by the challenger
    score: int  # the sum of all differences
    limit: int  # the sum of all differences, minor units


class TrialReport(Struct, frozen=True):
    """A trial and what came of it so far, whoever answered: every checkout is decided by both."""

    trial: TrialView
    comparisons: list[CurrencyComparison]


_trial = Body(TrialBody)
_nothing = Body(Nothing)


@post(
    "/trials",
    status_code=201,
    opt=operation(
        "policies",
        TrialView,
        takes=TrialBody,
        refuses=(Code.NOT_FOUND, Code.STATE_FORBIDS, Code.FOUR_EYES, Code.INVALID_POLICY),
        example={"policy_id": "{policy_id}", "version": 1, "share_bps": 0},
    )
    | LONG,
)
async def start_trial(request: Asked, body: RawBody) -> ASGIResponse:
    """Put a version on trial: every checkout is decided by both policies, and the differences are kept.

    To answer consumers, it needs a second person, as a publication does.
    """
    asked = _trial.read(body, content_type(request))
    ask, by = write(request, body), signer_of(request)
    found = await flow.faults_of_version(ask.services.pool, asked.policy_id, asked.version, ask.now, beside(request))
    trial_id = ids.new_id(ids.TRIAL, 0, ask.now_ms)

    async def start(conn: Connection) -> Answer:
        challenger = await flow.load_version(conn, asked.policy_id, asked.version, ask.now)
        if challenger.state is PolicyState.ACTIVE:
            raise Refused(Code.STATE_FORBIDS, "This version is in force; it has nothing to challenge.", "/version")
        if asked.share_bps:
            flow.refuse_the_same_person(challenger.drafter, by)
        flow.refuse_faults(found)
        row = await trial_store.begin(
            conn, trial_id, asked.policy_id, asked.version, asked.share_bps, by.key_id, ask.now
        )
        await ask.record(conn, Verb.MADE, Thing.TRIAL, trial_id, asked)
        return Answer(201, encode(TrialView(*row)))

    answer = await ask.services.engine.once(ask.must_key, ask.now, start)
    await ask.services.registry.reload()
    return reply_answer(answer)


@post(
    "/trials/{trial_id:str}/end",
    status_code=200,
    opt=operation("policies", TrialView, takes=Nothing, refuses=(Code.STATE_FORBIDS,)),
)
async def end_trial(request: Asked, body: RawBody, trial_id: InPath) -> ASGIResponse:
    """End a trial: the policy in force decides alone again. What was offered binds until it expires."""
    if body:
        _nothing.read(body, content_type(request))
    ask, by = write(request, body), request.auth.key_id
    _require_id(trial_id)

    async def end(conn: Connection) -> Answer:
        row = await trial_store.end(conn, trial_id, by, ask.now)
        if row is None:
            await _load(conn, trial_id)
            raise Refused(Code.STATE_FORBIDS, "This trial has ended.", "/id")
        await ask.record(conn, Verb.ENDED, Thing.TRIAL, trial_id)
        return Answer(200, encode(TrialView(*row)))

    answer = await ask.services.engine.once(ask.must_key, ask.now, end)
    await ask.services.registry.reload()
    return reply_answer(answer)


@get("/trials", opt=operation("policies", TrialPage))
async def list_trials(request: Asked, after: AfterTrial = "", limit: Limit = 100) -> ASGIResponse:
    """All trials there were."""
    rows = await read(request).services.pool.fetch(Q.list_trials, after, limit)
    page = [TrialView(*row) for row in rows]
    return reply(TrialPage(page, page[-1].trial_id if page else after))


@get("/trials/{trial_id:str}", opt=operation("policies", TrialReport) | LONG)
async def get_trial_report(request: Asked, trial_id: InPath) -> ASGIResponse:
    """What the challenger would have done otherwise, or did."""
    pool = read(request).services.pool
    _require_id(trial_id)
    trial = await _load(pool, trial_id)
    rows = await pool.fetch(Q.compare_trial, trial_id)
    return reply(TrialReport(trial, [CurrencyComparison(**dict(row)) for row in rows]))


async def _load(conn: Connection | Pool, trial_id: str) -> TrialView:
    row = await conn.fetchrow(Q.load_one_trial, trial_id)
    if row is None:
        raise Refused(Code.NOT_FOUND, "There is no such trial.", "/id")
    return TrialView(*row)


def _require_id(text: str) -> None:
    if not ids.is_id(text, ids.TRIAL):
        raise Refused(Code.NOT_FOUND, f"There is no trial {text[:100]!r}.", "/id")
