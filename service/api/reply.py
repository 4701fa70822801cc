"""Answers on the wire. Bodies are encoded once, by msgspec, and sent as they are."""

from typing import Any, Final

import msgspec
from litestar import Response
from litestar.response.base import ASGIResponse

from service.engine.work import Answer
from service.errors import Code, Refused, problem_json

JSON: Final = "application/json"
PROBLEM: Final = "application/problem+json"

encode = msgspec.json.Encoder().encode


def reply(body: Any, status: int = 200) -> ASGIResponse:
    """A wire struct."""
    return ASGIResponse(body=encode(body), status_code=status, media_type=JSON)


def reply_json(body: bytes | str, status: int = 200) -> ASGIResponse:
    """JSON that is encoded already."""
    raw = body.encode() if isinstance(body, str) else body
    return ASGIResponse(body=raw, status_code=status, media_type=JSON)


def reply_answer(answer: Answer) -> ASGIResponse:
    """What the engine answered, or had answered before; a refusal among them is a problem."""
    media = PROBLEM if answer.status >= 400 else JSON
    return ASGIResponse(
        body=answer.body, status_code=answer.status, media_type=media, headers=_RETRY if answer.status == 503 else None
    )


def reply_refused(refused: Refused) -> Response[bytes]:
    """A refusal as `application/problem+json`. Exception handlers must give Litestar a whole `Response`."""
    headers = {}
    if refused.status == 503:
        headers = _RETRY
    elif refused.code is Code.UNAUTHORIZED:
        headers = {"WWW-Authenticate": "Bearer"}
    return Response(problem_json(refused), status_code=refused.status, media_type=PROBLEM, headers=headers)


_RETRY: Final = {"Retry-After": "1"}
