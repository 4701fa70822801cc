"""What partners answered to our files, line by line, from the files of answers (ACK) that they sent."""

from pathlib import Path
from typing import Final

from msgspec import Struct

from service.db import Pool, load_queries
from service.errors import Code, Refused

Q: Final = load_queries(Path(__file__).with_name("answers.sql"))


class FileAnswer(Struct, frozen=True):
    """What a partner says of a line of a file of ours, or of all of it."""

    line: int  # of the partner's file
    file_id: str  # ours
    file: str  # its name
    of_line: int | None  # of ours, where the line of names is 1; null: all of it
    code: str  # `ok`, or why not, in the partner's words
    partner_value: str | None  # what the partner has instead; null: it does not say


async def answers(
    pool: Pool, partner_id: str | None, file_id: str, after: int, limit: int, *, objections: bool
) -> list[FileAnswer]:
    """The answers in a file, by their lines; a partner's own, or anybody's. With `objections` all but `ok`.

    Refused: NOT_FOUND.
    """
    if not await pool.fetchval(Q.is_there, file_id, partner_id):
        raise Refused(Code.NOT_FOUND, f"There is no file {file_id[:100]!r}.", "/id")
    return [FileAnswer(**row) for row in await pool.fetch(Q.answers, file_id, after, objections, limit)]
