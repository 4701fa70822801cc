"""Decide again what was decided: under its own policy version byte for byte the same, under another to compare."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec

from service.checkout.answer import Decision
from service.checkout.decide import decide
from service.checkout.difference import decide_difference
from service.checkout.evidence import Evidence
from service.checkout.request import Checkout
from service.checkout.review import Review, decide_reviewed
from service.policies.compile import CompiledPolicy


class Differing(msgspec.Struct, frozen=True):
    """A place in the answer, a JSON pointer, and what stands there; null where nothing does."""

    pointer: str  # a JSON pointer (RFC 6901) into the answer
    sent: Any
    replayed: Any


class Replayed(msgspec.Struct, frozen=True):
    """The decision again, and whether its answer has the very bytes that were sent."""

    decision: Decision
    is_identical: bool
    differences: tuple[Differing, ...]


def replay(
    decision_id: str,
    request: bytes,
    evidence: bytes,
    sent: bytes,
    policy: CompiledPolicy,
    decided_at: datetime,
    review: Review | None = None,
    *,
    is_difference: bool = False,
) -> Replayed:
    """Replay a decision from its log: the request, the evidence and the answer are the logged JSON.

    `review` is what a person said, if it was a person who decided. With `is_difference` it is about more of a plan.
    """
    asked, known = _request(request), _evidence(evidence)
    if is_difference:
        decision = decide_difference(decision_id, asked, known.snapshot, known.merchant, policy, decided_at)
    elif review is None:
        decision = decide(
            decision_id, asked, known.snapshot, known.merchant, known.programmes, policy, decided_at
        )  # fmt: skip
    else:
        decision = decide_reviewed(decision_id, review, asked, known, policy, decided_at)
    again = msgspec.json.encode(decision.answer)
    found = () if again == sent else tuple(_differing(msgspec.json.decode(sent), msgspec.json.decode(again)))
    return Replayed(decision, again == sent, found)


def _differing(sent: Any, again: Any, pointer: str = "") -> Iterator[Differing]:
    if isinstance(sent, dict) and isinstance(again, dict):
        for name in sent | again:
            yield from _differing(sent.get(name), again.get(name), f"{pointer}/{name}")
    elif isinstance(sent, list) and isinstance(again, list) and len(sent) == len(again):
        for place, pair in enumerate(zip(sent, again, strict=True)):
            yield from _differing(*pair, f"{pointer}/{place}")
    elif sent != again:
        yield Differing(pointer, sent, again)


_request = msgspec.json.Decoder(Checkout).decode
_evidence = msgspec.json.Decoder(Evidence).decode
