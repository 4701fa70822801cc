"""Whether a partner's file may be what it was sent as: the file of that day, whole. Pure.

A file that proves itself (`rows`, `sha256`, a column `business_on`) and does not, is refused. One that proves nothing
is doubted where it looks like another: then whoever sent it must say that it is right. A few breaks are a day's work;
a file of which most plans break opens hundreds for nothing.
"""

from datetime import date
from typing import Final

from msgspec import Struct

from service.partners.reconciliation import BREAKS_MAX, Outcome, Verdict
from service.partners.theirs.reading import invalid

FEW: Final = 20  # breaks: so many are told one by one, whatever part of the file they are


class Proof(Struct, frozen=True):
    """What came with the file to prove it whole, as our manifest goes with ours; what is None was not said."""

    rows: int | None = None
    sha256: str | None = None  # of its bytes, in hexadecimal


def require_proven(proof: Proof, rows: int, sha256: str) -> None:
    """Refused: INVALID_FILE, where the file is not what its proof says."""
    if proof.sha256 not in (None, sha256):
        raise invalid(f"The SHA-256 of what came is {sha256}: these are not the bytes that were sent.")
    if proof.rows not in (None, rows):
        raise invalid(f"The file has {rows} rows, and was sent as one of {proof.rows}.")


def doubt(verdict: Verdict, alike_on: date | None) -> str | None:
    """Why the file looks like another than that of its day; None if it may well be it.

    `alike_on` is the day of another file of ours that has the partner's very count and sums.
    """
    breaks, plans = len(verdict.breaks), max(verdict.our_rows, verdict.their_rows)
    if verdict.outcome is Outcome.MATCHED:
        return None
    if not verdict.their_rows:
        return f"The file has no rows, and ours of this day has {verdict.our_rows}."
    if alike_on:
        return f"The file looks like that of {alike_on}: it has the count and the sums of ours of that day."
    if FEW < breaks <= BREAKS_MAX and breaks * 2 > plans:
        return f"The file looks like that of another day or programme: {breaks} breaks in {plans} plans."
    return None


def require_bounded(verdict: Verdict) -> None:
    """Refused: INVALID_FILE, where there are more breaks than anybody would look through."""
    if len(verdict.breaks) > BREAKS_MAX:
        many = f"The file has more than {BREAKS_MAX} breaks, and so many are not kept"
        raise invalid(f"{many}: it may be that of another day or programme.")
