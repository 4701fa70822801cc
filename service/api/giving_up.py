"""Giving up much of what a plan owes: one operator proposes it, another approves it, and it is done then."""

from datetime import date
from typing import Final

from msgspec import Struct

from service import ids
from service.api.ask import Ask
from service.api.queries import Q
from service.api.two_people import Doing, needs_two, propose
from service.audit.entry import Thing
from service.db import Connection
from service.engine.work import Answer
from service.plans.book import Command
from service.plans.flow import after_its_days, do_within, preview
from service.plans.reschedule import ChargeOff, Forgive
from service.plans.timeline import PlanAnswer

_COMMANDS: Final[dict[str, type[ChargeOff | Forgive]]] = {"charge_off": ChargeOff, "forgive": Forgive}


class GivingUp(Struct, frozen=True):
    """Of which plan, how, and from which day on."""

    plan_id: str
    how: str  # `charge_off`, `forgive`
    on: date | None


async def propose_giving_up(ask: Ask, command: Command) -> Answer | None:
    """202, where a plan owes more than one operator gives up alone; None: it may be done at once.

    What would be refused is refused now, and again when it is approved.
    """
    assert isinstance(command, ChargeOff | Forgive)
    services, plan_id = ask.services, command.plan_id
    if before := await services.engine.answered(ask.must_key):
        return before
    owed = await services.pool.fetchval(Q.owed_of_plan, ids.bucket_of(plan_id), plan_id)
    if owed is None or owed <= services.settings.alone_max:
        return None
    now, time_at = ask.real_now, services.registry.time_at
    tried = await after_its_days(services.engine, plan_id, now, lambda: preview(services.pool, command, now, time_at))
    if tried.status != 200:
        return tried
    (how,) = (name for name, kind in _COMMANDS.items() if isinstance(command, kind))

    async def keep(conn: Connection) -> Answer:
        return await propose("give_up", ask, conn, Thing.PLAN, plan_id, GivingUp(plan_id, how, command.on))

    return await services.engine.once(ask.must_key, ask.now, keep)


@needs_two("give_up", "plans")
async def _give_up(doing: Doing, asked: GivingUp) -> PlanAnswer:
    """As the verb does it, in the transaction of the approval, by who approves it."""
    ask, services = doing.ask, doing.ask.services
    command_id = ids.new_id(ids.COMMAND, ids.bucket_of(asked.plan_id), ask.now_ms)
    command = _COMMANDS[asked.how](command_id=command_id, actor=ask.actor, plan_id=asked.plan_id, on=asked.on)
    answer, accounts = await do_within(doing.conn, command, ask.real_now, services.registry.time_at)
    doing.afterwards.append(lambda: services.snapshots.accounts_changed(accounts))
    return answer
