"""What partners sent, as operators see it, and what they answered to our files, line by line."""

from typing import Annotated, Final

from litestar import get
from litestar.params import QueryParameter
from litestar.response.base import ASGIResponse
from msgspec import Struct

from service import ids
from service.api.ask import Asked, InPath, read
from service.api.lists import Listed
from service.api.operation import operation
from service.api.paging import AfterFile, Limit
from service.errors import Code, Refused
from service.partners import answers_flow, receiving_flow
from service.partners.answers_flow import FileAnswer
from service.partners.received import PartnersFile, ReceivedState

AfterLine = Annotated[int, QueryParameter(ge=0, le=2**31 - 1)]
Objections = Annotated[bool, QueryParameter(description="only what is not `ok`")]
PartnerOf = Annotated[
    str | None, QueryParameter(pattern=r"^pa_[0-9A-HJKMNP-TV-Z]{26}\Z", description="only this one's; absent: all")
]


class PartnersFilePage(Struct, frozen=True):
    """Files, the oldest first; `after` is what to ask with next."""

    files: list[PartnersFile]
    after: str


class FileAnswerPage(Struct, frozen=True):
    """Answers by their lines; `after` is what to ask with next."""

    answers: list[FileAnswer]
    after: int


@get("/received-files", opt=operation("partners", PartnersFilePage, csv=True))
async def list_files_of_partners(
    request: Asked,
    partner_id: PartnerOf = None,
    in_state: Annotated[ReceivedState | None, QueryParameter()] = None,
    after: AfterFile = "",
    limit: Limit = 100,
) -> ASGIResponse:
    """What partners sent, and what became of it: loaded, refused with a code, superseded or withdrawn."""
    pool = read(request).services.pool
    page = await receiving_flow.files_of_partners(pool, partner_id, after, limit, in_state)
    return Listed(PartnersFilePage(page, page[-1].file_id if page else after))


@get("/received-files/{file_id:str}/answers", opt=operation("partners", FileAnswerPage, csv=True))
async def list_answers_of_partner(
    request: Asked, file_id: InPath, objections: Objections = False, after: AfterLine = 0, limit: Limit = 100
) -> ASGIResponse:
    """What a partner answered to our files with a file of its own (ACK): line by line, taken or not, and what it has
    instead."""
    return await _answers(request, None, file_id, objections, after, limit)


@get("/files/received/{file_id:str}/answers", opt=operation("files", FileAnswerPage, csv=True))
async def list_own_answers(
    request: Asked, file_id: InPath, objections: Objections = False, after: AfterLine = 0, limit: Limit = 100
) -> ASGIResponse:
    """What you answered to our files with a file of yours (ACK), as we read it."""
    return await _answers(request, read(request).owner_id, file_id, objections, after, limit)


async def _answers(
    request: Asked, partner_id: str | None, file_id: str, objections: bool, after: int, limit: int
) -> ASGIResponse:
    if not ids.is_id(file_id, ids.FILE):
        raise Refused(Code.NOT_FOUND, f"There is no file {file_id[:100]!r}.", "/id")
    pool = read(request).services.pool
    page = await answers_flow.answers(pool, partner_id, file_id, after, limit, objections=objections)
    return Listed(FileAnswerPage(page, page[-1].line if page else after))


OPERATOR_ROUTES: Final = [list_files_of_partners, list_answers_of_partner]
PARTNER_ROUTES: Final = [list_own_answers]
