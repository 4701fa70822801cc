"""What the answer to a bad request must be."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from service.errors import Code
from tests.flows.world import World


@asynccontextmanager
async def nothing_written(world: World) -> AsyncIterator[list[str]]:
    """Collects what went wrong, so that one run shows all of it; at the end no table may have gained or lost a row."""
    before = await world.row_counts()
    wrong: list[str] = []
    yield wrong
    after = await world.row_counts()
    wrong += [f"{name}: {before[name]} rows became {after[name]}" for name in after if after[name] != before[name]]
    assert not wrong, "\n".join(wrong)


def fault(case: str, answered: httpx.Response, *pointers: str) -> list[str]:
    """What is wrong with the answer to a bad request.

    With `pointers`, it must name one of these, what stands in it, or what it stands in (but not the whole body).
    """
    said = answered.text[:300]
    if not 400 <= answered.status_code < 500:
        return [f"{case}: answered {answered.status_code} {said}"]
    if answered.headers.get("content-type") != "application/problem+json":
        return [f"{case}: is no problem+json but {answered.headers.get('content-type')}: {said}"]
    problem = answered.json()
    if problem.get("code") not in set(Code) or problem.get("status") != answered.status_code:
        return [f"{case}: has no code or another status: {said}"]
    if not all(problem.get(name) for name in ("type", "title", "detail")):
        return [f"{case}: says nothing: {said}"]
    pointer = problem.get("pointer")
    if pointers and not any(pointer and _is_near(pointer, near) for near in pointers):
        return [f"{case}: points at {pointer!r}, not {' or '.join(pointers)}: {said}"]
    return []


def _is_near(pointer: str, other: str) -> bool:
    """One leads to the other; a map's key may be written `*`."""
    return all(a == b or a == "*" for a, b in zip(pointer.split("/"), other.split("/"), strict=False))
