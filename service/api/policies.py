"""The operator's policies: drafted by one person, published by a second, put back in one call."""

import re
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Annotated, Any, Final

from litestar import get, post
from litestar.params import QueryParameter, RawBody
from litestar.response.base import ASGIResponse
from msgspec import Meta, Struct

from service.api.ask import Ask, Asked, InPath, content_type, read, services_of, write
from service.api.body import Body
from service.api.operation import operation
from service.api.paging import Limit
from service.api.reply import JSON, encode, reply, reply_answer
from service.aside import Beside
from service.audit.entry import Thing, Verb
from service.db import Connection
from service.deadline import LONG
from service.engine.work import Answer
from service.errors import Code, Refused
from service.policies import flow
from service.policies.document import Policy
from service.policies.fault import Fault
from service.policies.version import PolicyDocument, PolicyVersion, Signer

AHEAD_MAX: Final = timedelta(days=366)
VERSION: Final = re.compile("[1-9][0-9]{0,6}")


class PublishBody(Struct, frozen=True, forbid_unknown_fields=True):
    """From when on; absent: at once."""

    active_from: Annotated[datetime, Meta(tz=True)] | None = None


class PolicyPage(Struct, frozen=True):
    """Versions by policy and number; `after` is what to ask with next."""

    policies: list[PolicyVersion]
    after: str


_policy = Body(Policy)
_publish = Body(PublishBody)


PAY_IN_FOUR: Final[dict[str, Any]] = {  # what `tenor init` begins with, too
    "id": "po_01KJQ8ZC000000000000000000", "version": 1, "name": "Pay in four, for all adults",
    "jurisdiction": "DE", "time_zone": "Europe/Berlin", "offers_expire_after_minutes": 60, "capture_within_days": 30,
    "features": [{"name": "age", "type": "integer", "source": "attribute", "absent": "refer"}],
    "rules": [
        {
            "name": "under-age",
            "when": [{"feature": "age", "is": "below", "value": 18}],
            "reason": "UNDER_AGE",
        }
    ],
    "scorecard": {
        "base_points": 600, "score_at_odds": 600, "odds": 10, "points_to_double_odds": 40, "characteristics": [],
    },
    "grades": [{"name": "A", "score_min": 600}],
    "limits": [{"grade": "A", "currency": "EUR", "limit": 500_00}],
    "instalments": [
        {
            "name": "pay-in-4", "currency": "EUR", "amount_min": 30_00, "amount_max": 500_00,
            "terms": {"first_due_days": 0},
        }
    ],
}  # fmt: skip


@post("/policies", status_code=201, opt=operation("policies", PolicyVersion, takes=Policy, example=PAY_IN_FOUR) | LONG)
async def draft_policy(request: Asked, body: RawBody) -> ASGIResponse:
    """Draft the next version of a policy: kept as it is, with all its faults listed.

    Without a fault it is validated, and a second person may publish it.
    """
    document = _policy.read(body, content_type(request))
    ask, by = write(request, body), signer_of(request)
    found = await flow.faults_of(document, ask.now, beside(request))

    async def draft(conn: Connection) -> Answer:
        drafted = _listed(await flow.draft(conn, document, found, by, ask.now))
        await ask.record(conn, Verb.MADE, Thing.POLICY, _name(drafted), drafted)
        return Answer(201, encode(drafted))

    return await _once(ask, draft)


@get("/policies", opt=operation("policies", PolicyPage))
async def list_policies(
    request: Asked,
    after: Annotated[str, QueryParameter(pattern=r"^(po_[0-9A-Z]{26}\.[0-9]{1,7})?\Z")] = "",
    limit: Limit = 100,
) -> ASGIResponse:
    """All versions of all policies: whose they are, and which is in force."""
    ask = read(request)
    policy_id, _, version = after.partition(".")
    page = await flow.list_versions(ask.services.pool, (policy_id, int(version or 0)), limit, ask.now)
    return reply(PolicyPage(page, f"{page[-1].policy_id}.{page[-1].version}" if page else after))


@get("/policies/{policy_id:str}/versions/{version:str}", opt=operation("policies", PolicyDocument))
async def get_policy(request: Asked, policy_id: InPath, version: InPath) -> ASGIResponse:
    """One version with its document."""
    ask = read(request)
    return reply(await flow.load_version(ask.services.pool, *named(policy_id, version), ask.now))


@post(
    "/policies/{policy_id:str}/versions/{version:str}/publish",
    status_code=200,
    opt=operation(
        "policies",
        PolicyVersion,
        takes=PublishBody,
        refuses=(Code.STATE_FORBIDS, Code.FOUR_EYES, Code.INVALID_POLICY),
        example={"active_from": "2026-03-03T00:00:00Z"},
    )
    | LONG,
)
async def publish_policy(request: Asked, body: RawBody, policy_id: InPath, version: InPath) -> ASGIResponse:
    """Sign a version that somebody else drafted; it never changes afterwards.

    It is in force from `active_from`, in every process, and once this is answered: a process that has not heard of it
    cannot log what it decides by the old one, and decides again.
    """
    return await _sign(request, body, flow.publish, named(policy_id, version), Verb.PUBLISHED)


@post(
    "/policies/{policy_id:str}/versions/{version:str}/rollback",
    status_code=201,
    opt=operation(
        "policies", PolicyVersion, takes=PublishBody, refuses=(Code.STATE_FORBIDS, Code.FOUR_EYES, Code.INVALID_POLICY)
    )
    | LONG,
)
async def roll_back_policy(request: Asked, body: RawBody, policy_id: InPath, version: InPath) -> ASGIResponse:
    """Publish an earlier version's document again, as a new version.

    Its author counts as who drafted it, so one other person is enough.
    """
    return await _sign(request, body, flow.roll_back, named(policy_id, version), Verb.ROLLED_BACK)


def named(policy_id: str, version: str) -> tuple[str, int]:
    """The version that a path names. Refused: NOT_FOUND."""
    if not policy_id.isascii() or not policy_id.isprintable() or not VERSION.fullmatch(version):
        raise Refused(Code.NOT_FOUND, f"There is no version {version[:20]!r} of {policy_id[:100]!r}.", "/version")
    return policy_id, int(version)


def beside(request: Asked) -> Beside[list[Fault]]:
    """Where faults are looked for: at the desk, as long as the client stays."""
    return lambda work: services_of(request).desk.run(work, request.left())


def signer_of(request: Asked) -> Signer:
    """The person who asks, and the key they ask with."""
    return Signer(request.auth.owner_id, request.auth.key_id)


async def _sign(
    request: Asked, body: bytes, sign: Callable[..., Awaitable[PolicyVersion]], which: tuple[str, int], verb: Verb
) -> ASGIResponse:
    """Looks for faults first, which takes its time: what begins at once then begins when it is signed."""
    asked = _publish.read(body or b"{}", content_type(request) if body else JSON)
    before = write(request, body)
    begins = asked.active_from or before.now
    if begins > before.now + AHEAD_MAX:
        raise Refused(Code.INVALID_FIELD, f"At most {AHEAD_MAX.days} days from now.", "/active_from")
    found = await flow.faults_of_version(before.services.pool, *which, max(begins, before.now), beside(request))
    ask, by = write(request, body), signer_of(request)

    async def keep(conn: Connection) -> Answer:
        if begins < before.now:  # what was decided is not decided again
            raise Refused(Code.INVALID_FIELD, "No policy begins in the past.", "/active_from")
        signed = _listed(await sign(conn, *which, found, by, max(begins, ask.now), ask.now))
        await ask.record(conn, verb, Thing.POLICY, _name(signed), signed)
        return Answer(200 if verb is Verb.PUBLISHED else 201, encode(signed))

    return await _once(ask, keep)


def _name(version: PolicyVersion) -> str:
    return f"{version.policy_id}.{version.version}"


def _listed(version: PolicyVersion) -> PolicyVersion:
    """Without its document, whatever was loaded."""
    return PolicyVersion(**{name: getattr(version, name) for name in PolicyVersion.__struct_fields__})


async def _once(ask: Ask, make: Callable[[Connection], Awaitable[Answer]]) -> ASGIResponse:
    answer = await ask.services.engine.once(ask.must_key, ask.now, make)
    await ask.services.registry.reload()  # this process at once, the others when they hear of it
    return reply_answer(answer)
