"""Decide again what was decided: under its own policy version byte for byte the same, under another to compare."""

from datetime import datetime

import msgspec

from service.checkout.answer import Decision
from service.checkout.decide import decide
from service.checkout.request import Checkout
from service.checkout.snapshot import Snapshot
from service.merchants.merchant import Merchant
from service.partners.programme import Programme
from service.policies.compile import CompiledPolicy


class Evidence(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All that a decision reads besides the request and the policy, as it was at that instant."""

    snapshot: Snapshot
    merchant: Merchant
    programmes: tuple[Programme, ...] = ()


class Replayed(msgspec.Struct, frozen=True):
    """The decision again, and whether its answer has the very bytes that were sent."""

    decision: Decision
    is_identical: bool


def replay(
    decision_id: str, request: bytes, evidence: bytes, sent: bytes, policy: CompiledPolicy, decided_at: datetime
) -> Replayed:
    """Replay a decision from its log: the request, the evidence and the answer are the logged JSON."""
    known = _evidence(evidence)
    decision = decide(
        decision_id, _request(request), known.snapshot, known.merchant, known.programmes, policy, decided_at
    )
    return Replayed(decision, msgspec.json.encode(decision.answer) == sent)


_request = msgspec.json.Decoder(Checkout).decode
_evidence = msgspec.json.Decoder(Evidence).decode
