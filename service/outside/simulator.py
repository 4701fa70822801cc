"""The rules of the simulated gateway: what it answers follows from the subject alone, so a test can ask for it.

| the subject ends in | the gateway |
|---|---|
| -unknown | has no record |
| -slow | takes five seconds |
| -down | answers 503 |
| -garbled | answers what is no JSON |
| -mistyped | answers a text where a number belongs |
| -talkative | answers every fact it has, whatever was asked |
| -300 to -850 | knows a credit score of that many points |
| anything else | answers each fact with a value drawn from the subject's own letters |
"""

import re
import zlib
from typing import Any, Final

import msgspec
from msgspec import Struct

from service.outside.report import Heard, Query, Reply
from service.outside.source import FACTS, DataType, Fact

SLOW_MS: Final = 5_000
SCORES: Final = range(300, 851)
SCORE: Final = re.compile(r"-([0-9]{3})\Z")

# The least and the most of each whole number that is drawn.
DRAWN: Final = {
    "score": (300, 850),
    "open_credits": (0, 6),
    "monthly_instalments": (0, 900_00),
    "months_since_first_credit": (0, 240),
    "months_since_default": (0, 60),
    "defaults": (0, 2),
    "enquiries": (0, 9),
    "monthly_net": (900_00, 6_000_00),
    "months_employed": (0, 240),
    "judgments": (0, 1),
}


class Scripted(Struct, frozen=True):
    """What the gateway does: it waits, then answers this."""

    body: bytes
    status: int = 200
    after_ms: int = 0


def answer(query: Query) -> Scripted:
    """What is answered to `query`; the same each time."""
    subject = query.subject
    behaviour = subject.rpartition("-")[2]
    if behaviour == "unknown":
        return Scripted(_encode(Reply(Heard.NO_RECORD)))
    if behaviour == "down":
        return Scripted(b'{"title": "Service Unavailable"}', status=503)
    if behaviour == "garbled":
        return Scripted(b"<html>It works!</html>")
    names = tuple(FACTS[query.data_type]) if behaviour == "talkative" else query.facts
    facts: dict[str, Any] = {name: _fact(query.data_type, name, subject) for name in names}
    if behaviour == "mistyped":
        facts = dict.fromkeys(facts, "612") | {name: 612 for name in facts if FACTS[query.data_type][name] is str}
    return Scripted(_encode(Reply(Heard.ANSWERED, facts)), after_ms=SLOW_MS if behaviour == "slow" else 0)


def _fact(data_type: DataType, name: str, subject: str) -> Fact:
    type_, drawn = FACTS[data_type][name], zlib.crc32(f"{name} of {subject}".encode())
    if type_ is bool:
        return drawn % 2 == 0
    if type_ is str:
        return "EUR"
    asked = SCORE.search(subject)
    if name == "score" and asked and int(asked[1]) in SCORES:
        return int(asked[1])
    least, most = DRAWN[name]
    return least + drawn % (most - least + 1)


_encode = msgspec.json.Encoder().encode
