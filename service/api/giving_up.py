"""Acts on a plan that move much: one operator proposes such an act, another approves it, and it is done then."""

from datetime import date
from typing import Any, Final

import msgspec
from msgspec import Struct

from service import ids
from service.api.ask import Ask
from service.api.two_people import Doing, needs_two, propose
from service.api.verb import SECOND, Written
from service.audit.entry import Thing
from service.db import Connection
from service.engine.keys import refusal
from service.engine.work import Answer
from service.errors import Refused
from service.plans.book import Change, Command, PlanCommand
from service.plans.flow import after_its_days, do_within, tried
from service.plans.timeline import PlanAnswer
from service.plans.weight import weight_of

_DONE: Final = Answer(200, b"")


class ActOnPlan(Struct, frozen=True):
    """A verb of which plan, with the body that it was asked with."""

    plan_id: str
    verb: str  # the last words of its route
    body: dict[str, Any]


class GivingUp(Struct, frozen=True):
    """Of which plan, how, and from which day on."""

    plan_id: str
    how: str  # `charge_off`, `forgive`
    on: date | None


async def propose_above(ask: Ask, command: Command, written: Written) -> Answer | None:
    """202, where an act moves more of a plan than one operator moves alone; None: it may be done at once.

    What would be refused is refused now, and again when it is approved.
    """
    assert isinstance(command, PlanCommand)
    services, plan_id = ask.services, command.plan_id
    if before := await services.engine.answered(ask.must_key):
        return before
    changes: list[Change] = []

    async def attempt() -> Answer:
        try:
            change, _, _ = await tried(services.pool, command, ask.real_now, services.registry.time_at)
        except Refused as refused:
            return refusal(refused)
        changes.append(change)
        return _DONE

    answer = await after_its_days(services.engine, plan_id, ask.real_now, attempt)
    if answer.is_not_now:
        return answer
    is_refused = answer.status != _DONE.status
    if not is_refused and weight_of(changes[-1]) <= services.settings.alone_max.of(changes[-1].plan.currency):
        return None

    async def keep(conn: Connection) -> Answer:
        if is_refused:
            return answer
        act = ActOnPlan(plan_id, written.verb, msgspec.to_builtins(written.body))
        return await propose("act_on_plan", ask, conn, Thing.PLAN, plan_id, act)

    return await services.engine.once(ask.must_key, ask.now, keep)


@needs_two("act_on_plan", "plans")
async def _act_on_plan(doing: Doing, asked: ActOnPlan) -> PlanAnswer:
    """As the verb does it, in the transaction of the approval, by who approves it."""
    ask, services = doing.ask, doing.ask.services
    takes, command_of = SECOND[asked.verb]
    command_id = ids.new_id(ids.COMMAND, ids.bucket_of(asked.plan_id), ask.now_ms)
    names = {"command_id": command_id, "actor": ask.actor, "plan_id": asked.plan_id}
    command = command_of(msgspec.convert(asked.body, takes), names)
    answer, accounts = await do_within(doing.conn, command, ask.real_now, services.registry.time_at)
    doing.afterwards.append(lambda: services.snapshots.accounts_changed(accounts))
    return answer


@needs_two("give_up", "plans")
async def _give_up(doing: Doing, asked: GivingUp) -> PlanAnswer:
    """One of the two that were proposed before there were others."""
    return await _act_on_plan(doing, ActOnPlan(asked.plan_id, asked.how, {"on": asked.on}))
