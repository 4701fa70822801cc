"""A verb on a plan: a function from its body to a command is made a route, with its example and its refusals beside it.

    @verb("void", 200, refuses=(Code.STATE_FORBIDS,))
    def void_plan(body: Nothing, names: Names) -> Command:
        \"""Give back what was not captured.\"""
        return Void(**names)

The body's type and the sentence are the contract's; the router says whose verb it is. All verbs answer the plan and
the fact that they have recorded, and `?dry_run=true` answers what would change.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar, get_type_hints

from litestar import post
from litestar.handlers import HTTPRouteHandler
from litestar.params import RawBody
from litestar.response.base import ASGIResponse
from msgspec import Struct
from msgspec.structs import fields, replace

from service import ids
from service.api.ask import Ask, Asked, InPath, content_type, is_dry_run, seen_in, write
from service.api.body import Body
from service.api.operation import operation
from service.api.reply import JSON, reply_answer
from service.api.texts import sealed_for_plan
from service.api.two_people import Proposed
from service.engine.work import Answer
from service.errors import Code, Refused
from service.plans.book import Command, PlanCommand
from service.plans.capture import MERCHANTS
from service.plans.flow import Preview, after_its_days, preview
from service.plans.timeline import PlanAnswer

B = TypeVar("B", bound=Struct)
Names = dict[str, Any]  # what every command on a plan is told: its own id, who asks, and which plan


class Written(Struct, frozen=True):
    """A verb and its body, as they were asked: they are kept while they wait for a second person."""

    verb: str  # the last words of its route
    body: Struct


Second = Callable[[Ask, Command, Written], Awaitable[Answer | None]]  # an answer, if it waits for a second person
SECOND: Final[dict[str, tuple[type[Struct], Callable[[Any, Names], Command]]]] = {}  # verbs that may, by their words


Knowing = Callable[[Ask, Command], Awaitable[Command]]  # the command, with what is known besides


def verb(
    word: str, status: int, second: Second | None = None, knowing: Knowing | None = None, **more: Any
) -> Callable[[Callable[[B, Names], Command]], HTTPRouteHandler]:
    """Makes a function the handler of `POST /plans/{plan_id}/word`; `more` as in `Operation`."""

    def made(command_of: Callable[[B, Names], Command]) -> HTTPRouteHandler:
        takes = get_type_hints(command_of)["body"]
        reader = Body(takes)
        if second:
            assert word not in SECOND, word
            SECOND[word] = takes, command_of
        may_be_empty = not any(field.required for field in fields(takes))

        async def on_plan(request: Asked, body: RawBody, plan_id: InPath) -> ASGIResponse:
            is_empty = may_be_empty and not body
            asked = reader.read(b"{}" if is_empty else body, JSON if is_empty else content_type(request))
            ask = write(request, body, ids.bucket_in(plan_id))
            names = _names(ask, plan_id, seen_in(request))
            if is_dry_run(request):
                ask = replace(ask, key=None)
            else:
                merchant_id = ask.owner_id if ask.actor.kind in MERCHANTS else None
                asked = await sealed_for_plan(ask.services, plan_id, merchant_id, asked)
            command = command_of(asked, names)
            if knowing:
                command = await knowing(ask, command)
            if second and ask.key and (waits := await second(ask, command, Written(word, asked))):
                return reply_answer(waits)
            return await do(request, ask, command, status)

        on_plan.__name__, on_plan.__doc__ = command_of.__name__, command_of.__doc__
        answers = {status: PlanAnswer, 202: Proposed} if second else PlanAnswer
        said = operation("plans", answers, takes=takes, dry_run=Preview, versioned=True, **more)
        return post(f"/plans/{{plan_id:str}}/{word}", status_code=status, opt=said)(on_plan)

    return made


async def do(request: Asked, ask: Ask, command: Command, status: int) -> ASGIResponse:
    """Does the command, or says what it would do."""
    services, now = ask.services, ask.real_now

    async def attempt() -> Answer:
        if is_dry_run(request):
            return await preview(services.pool, command, now, services.registry.time_at)
        return await services.engine.do(command, ask.key, now, status)

    if not isinstance(command, PlanCommand):
        return reply_answer(await attempt())
    return reply_answer(await after_its_days(services.engine, command.plan_id, now, attempt))


def no_plan(plan_id: str) -> Refused:
    """No plan has this id, or it is somebody else's."""
    return Refused(Code.NOT_FOUND, f"There is no plan {plan_id[:100]!r}.", "/id")


def _names(ask: Ask, plan_id: str, seen: int | None) -> Names:
    if not ids.is_id(plan_id, ids.PLAN):
        raise no_plan(plan_id)
    command_id = ids.new_id(ids.COMMAND, ids.bucket_of(plan_id), ask.now_ms)
    return {"command_id": command_id, "actor": ask.actor, "plan_id": plan_id, "seen": seen}
