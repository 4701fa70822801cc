"""What needs two people: a handler proposes it, and it is done when another operator approves it.

    @needs_two("register_gateway", "gateways")
    async def _register(doing: Doing, asked: GatewayBody) -> object:
        ...                               # in the transaction of the approval; what it returns is the answer's `result`

    return await propose("register_gateway", ask, conn, Thing.GATEWAY, asked.name, asked)       # 202, in the handler

What is wrong with an act is refused by the handler, before it proposes; what changed meanwhile, when it is approved.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, Final, TypeVar, get_type_hints

import msgspec
from msgspec import Struct, field

from service.api.ask import Ask
from service.api.reply import encode
from service.approvals import flow
from service.approvals.approval import Approval
from service.audit.entry import Thing, Verb
from service.db import Connection
from service.engine.work import Answer


class Proposed(Struct, frozen=True):
    """It waits for another operator: `POST /v1/operator/approvals/{id}/approve`."""

    approval_id: str = field(name="id")
    act: str  # what is to be done
    expires_at: datetime  # afterwards it has lapsed
    first_half: str | None = None  # of an operator's key, shown this once: who approves it is shown the rest


class Doing(Struct):
    """An approval under way. What is secret of the result is `shown` once, and not kept with the answer."""

    ask: Ask  # of who approves
    conn: Connection
    approval: Approval
    shown: object = None
    afterwards: list[Callable[[], Awaitable[object]]] = []  # once it is committed


class Act(Struct, frozen=True):
    """What does an act, and which scope who approves it needs."""

    scope: str
    payload: Any  # its type
    do: Callable[[Doing, Any], Awaitable[object]]


ACTS: Final[dict[str, Act]] = {}

F = TypeVar("F", bound=Callable[[Doing, Any], Awaitable[object]])


def needs_two(name: str, scope: str) -> Callable[[F], F]:
    """Makes a function what does the act of this name; its second parameter is what was proposed."""

    def made(do: F) -> F:
        hints = get_type_hints(do)
        _, payload, _ = hints.values()
        assert name not in ACTS
        ACTS[name] = Act(scope, payload, do)
        return do

    return made


async def propose(act: str, ask: Ask, conn: Connection, thing: Thing, thing_id: str, payload: object) -> Answer:
    """Keeps the act for a second person, in the handler's transaction: 202."""
    assert isinstance(payload, ACTS[act].payload)
    approval = await flow.propose(conn, act, thing, thing_id, payload, ask.by, ask.now)
    told = {"act": act, "approval": approval.approval_id}
    await ask.record(conn, Verb.PROPOSED, thing, thing_id, told)
    return Answer(202, encode(Proposed(approval.approval_id, act, approval.expires_at)))


async def done(doing: Doing) -> bytes:
    """Does what was proposed; what is kept of its result, as JSON."""
    act = ACTS[doing.approval.act]
    return encode(await act.do(doing, msgspec.convert(doing.approval.payload, act.payload)))
