"""What a route says of itself, beside its handler: what it takes and answers, which refusals are its own, an example.

A handler's decorator carries it as `opt`. The guard reads the scope; openapi.yaml and the tests of all routes are made
from the rest, so that a route is written down in one place.
"""

from typing import Any

from msgspec import Struct

from service.errors import Code
from service.plans.offer import Kind


class Text(Struct, frozen=True):
    """A body that is not JSON."""

    media: str
    description: str


class Operation(Struct, frozen=True, kw_only=True):
    """One method of one path. What every route of its sort may refuse with is not listed: see `contract.codes_of`."""

    answers: Any  # a wire struct, or Text; several statuses: by status
    takes: Any = None  # a wire struct, or Text; None: no body. It may be left out if no field is needed
    refuses: tuple[Code, ...] = ()
    dry_run: Any = None  # what `?dry_run=true` answers, which shows the change without making it
    page: bool = False  # where Accept asks for text/html, the same as a page to print
    streams: bool = False  # where Accept asks for text/event-stream, the same as it happens
    csv: bool = False  # where Accept asks for text/csv, the same rows
    versioned: bool = False  # a verb on a plan: If-Match names the version that its sender has seen
    browser: bool = False  # a page of the merchant's may call it, with a publishable key
    keeps: bool = True  # a POST's key and answer are kept; a calculation keeps nothing
    example: dict[
        str, Any
    ] = {}  # a body it would do at once, of a GET a query; "{offer_id}": of an offer that is there
    kind: Kind = Kind.INSTALMENTS  # of the plan in its path, for the example
    after: tuple[str, ...] = ()  # what was done to that plan before, by the names of the handlers


def operation(scope: str | None, answers: Any, **more: Any) -> dict[str, Any]:
    """A handler's `opt`; `more` are the other fields of `Operation`. Without a scope no key is needed."""
    made = Operation(answers=answers, **more)
    said = {"dry_run": made.dry_run is not None, "browser": made.browser, "operation": made}
    return ({"scope": scope} if scope else {}) | said
