"""The contract as data: every route of the app with what its handler says of itself, and what every code means."""

import re
from typing import Any, Final

from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute
from msgspec import Struct

from service.api.operation import Operation
from service.api.scopes import audience_of
from service.errors import Code
from service.private_text import NO_NUMBERS, SEALED, has_marked


class Route(Struct, frozen=True):
    """One method of one path of the app."""

    audience: str
    method: str
    path: str
    handler: HTTPRouteHandler
    operation: Operation

    @property
    def answers(self) -> dict[int, Any]:
        """What the body is, by status."""
        said = self.operation.answers
        return said if isinstance(said, dict) else {self.handler.status_code: said}


def routes_of(app: Litestar) -> dict[str, Route]:
    """The app's routes by `METHOD /path`, in the order of their registration; on one path POST goes before GET.

    OPTIONS is the framework's own, and HEAD is GET without the body.
    """
    found = [
        (route.path_format, method, handler)
        for route in app.routes
        if isinstance(route, HTTPRoute)
        for method, (handler, _) in sorted(route.route_handler_map.items(), reverse=True)
        if method not in ("HEAD", "OPTIONS")
    ]
    return {
        f"{method} {path}": Route(audience_of(path), method, path, handler, handler.opt["operation"])
        for path, method, handler in found
    }


def parameters_of(path: str) -> list[str]:
    """The names in a path."""
    return re.findall(r"{(\w+)}", path)


_KEYED: Final = (
    Code.UNAUTHORIZED, Code.FORBIDDEN, Code.CLOCK_NOT_SETTABLE, Code.INVALID_FIELD, Code.RATE_LIMITED,
)  # fmt: skip
_ALWAYS: Final = (Code.UNAVAILABLE, Code.BROKEN)
_POSTED: Final = (Code.MALFORMED, Code.IDEMPOTENCY_KEY_MISSING, Code.TOO_LARGE, Code.UNSUPPORTED_MEDIA_TYPE)
_OF_TEXTS: Final = ((SEALED, Code.ERASED), (NO_NUMBERS, Code.MISPLACED_NUMBER))
_KEPT: Final = (Code.IDEMPOTENCY_KEY_REUSED, Code.BUSY, Code.OUTCOME_UNKNOWN)


def codes_of(route: Route) -> tuple[Code, ...]:
    """Every code a route may refuse with: its own and what every call of its sort may meet, in the list's order."""
    codes = {*route.operation.refuses, Code.BROKEN}
    if parameters_of(route.path):
        codes.add(Code.NOT_FOUND)
    if route.audience != "public":
        codes |= {*_KEYED, *_ALWAYS}
    if route.operation.browser:
        codes.add(Code.WRONG_ORIGIN)
    if route.operation.versioned:
        codes.add(Code.STALE_VERSION)
    if route.method == "POST":
        codes |= {*_POSTED, *(_KEPT if route.operation.keeps else ())}
    takes = route.operation.takes
    if isinstance(takes, type) and issubclass(takes, Struct):
        codes |= {code for mark, code in _OF_TEXTS if has_marked(takes, mark)}
    return tuple(code for code in Code if code in codes)


# Sets of refusals that many operations share, all of one status each: a name for the contract.
SHARED: Final[dict[str, tuple[Code, ...]]] = {
    "BadRead": (Code.INVALID_FIELD, Code.CLOCK_NOT_SETTABLE),
    "BadWrite": (Code.MALFORMED, Code.INVALID_FIELD, Code.IDEMPOTENCY_KEY_MISSING, Code.CLOCK_NOT_SETTABLE),
    "Unauthorized": (Code.UNAUTHORIZED,),
    "Forbidden": (Code.FORBIDDEN,),
    "NotFound": (Code.NOT_FOUND,),
    "StateForbids": (Code.STATE_FORBIDS,),
    "Stale": (Code.STALE_VERSION,),
    "RateLimited": (Code.RATE_LIMITED,),
    "TooLarge": (Code.TOO_LARGE,),
    "UnsupportedMediaType": (Code.UNSUPPORTED_MEDIA_TYPE,),
    "KeyReused": (Code.IDEMPOTENCY_KEY_REUSED,),
    "Broken": (Code.BROKEN,),
    "Unavailable": (Code.UNAVAILABLE,),
    "NotNow": (Code.BUSY, Code.UNAVAILABLE, Code.OUTCOME_UNKNOWN),
}

MEANING: Final[dict[Code, str]] = {
    Code.MALFORMED: "no HTTP; or the body is not JSON in UTF-8, is nested too deeply, or gives a key twice",
    Code.INVALID_FIELD: "`pointer` names the field, parameter or header, `detail` says what it should be",
    Code.UNAUTHORIZED: "no key, or one that is unknown or revoked",
    Code.FORBIDDEN: "the key is another audience's or lacks the scope, or its owner is not active",
    Code.FOUR_EYES: "who drafted it cannot sign it, with whatever key: a second person is needed",
    Code.WRONG_ORIGIN: "a publishable key is for pages at its own origins: `Origin` is missing, or is none of them",
    Code.NOT_FOUND: "there is no such thing, or it is somebody else's",
    Code.METHOD_NOT_ALLOWED: "the address exists and does not take this method",
    Code.NOT_ACCEPTABLE: "we answer in JSON",
    Code.EVENTS_GONE: "events so old are not kept any more; `detail` says which is the first there is",
    Code.NOT_KEPT: "the rows of files so old have left, and their manifests are kept; `detail` says from when on",
    Code.TOO_SLOW: "the request was not whole in time",
    Code.RATE_LIMITED: "the key asks for more than its share; nothing was done, send it again after Retry-After",
    Code.TOO_LARGE: "the body is longer than we read",
    Code.ADDRESS_TOO_LONG: "the address is longer than we read",
    Code.UNSUPPORTED_MEDIA_TYPE: "the body is of another Content-Type",
    Code.HEAD_TOO_LARGE: "the headers are longer than we read, or more",
    Code.IDEMPOTENCY_KEY_MISSING: "every POST carries an Idempotency-Key",
    Code.IDEMPOTENCY_KEY_REUSED: "the key was used for another request",
    Code.CLOCK_NOT_SETTABLE: "Tenor-Clock is for sandboxes",
    Code.ERASED: "the consumer was erased, and with them what was answered under this key before",
    Code.MISPLACED_NUMBER: "a text looks like the number of a card, an account or a person, which is not kept here",
    Code.REFERENCE_USED: "the merchant reference has a plan, neither voided nor expired",
    Code.OFFER_EXPIRED: "ask for a new decision",
    Code.OFFER_ACCEPTED: "an offer of the same decision already opened a plan",
    Code.LIMIT_EXCEEDED: "the consumer's limit does not leave room; nothing was reserved",
    Code.NOT_APPROVED: "the policy does not approve of more; `decided` tells the decision and its reasons",
    Code.NO_FUNDING: "no partner has room left for a plan of partners' money alone; nothing was reserved",
    Code.SUBSIDY_SPENT: "the scheme has not as much left as it was to bear of this offer; ask for a new decision",
    Code.ALREADY_ASSIGNED: "Somebody has bought it, or holds a part of it as a pledge; it says what is left.",
    Code.OVER_PLEDGED: "More than is open of it would be pledged; it says what may be.",
    Code.DISPUTED_RECEIVABLE: "Who owes it disputes it; it says what is not disputed.",
    Code.NO_PURPOSE: "A report is read for a purpose, and none was named.",
    Code.NO_BASIS: "There is neither a consent nor a contract on which it may be read; it says what would do.",
    Code.PAST_DUE: "It was due already; it says from when on it could be.",
    Code.EXCLUSIVE_COVER: "the plan is covered by another arrangement of the same class; nothing was enrolled",
    Code.SET_FROZEN: "the cover set is frozen: it has its plans, and takes no more",
    Code.CLAIM_TOO_EARLY: "the claim still waits; `detail` says for which day. Nothing was reserved",
    Code.CLAIM_TOO_LATE: "the last day is over; `detail` says which it was. Nothing was reserved",
    Code.INCOMPLETE: "the claim does not show all that it is to; `detail` names what is missing. Nothing was reserved",
    Code.EFFORT_MISSING: "more is to be tried before it is claimed; `detail` says what. Nothing was reserved",
    Code.LEVERAGE_EXCEEDED: "the pool may not cover so much more; `detail` says how much it may. Nothing was enrolled",
    Code.CAPACITY_EXCEEDED: "more than what is left; the sentence says how much that is, and nothing was reserved",
    Code.STATE_FORBIDS: "not in this state; `actions` names what goes",
    Code.STALE_VERSION: "the plan has another version than If-Match says; read it again",
    Code.AMOUNT_EXCEEDS_AUTHORIZED: "more than what is left of the authorization",
    Code.AMOUNT_EXCEEDS_OUTSTANDING: "more than what is owed",
    Code.AMOUNT_MISMATCH: "the lines do not add up to the amount",
    Code.CURRENCY_MISMATCH: "another currency than the plan's",
    Code.LINE_MISMATCH: "a policy of another line of insurance",
    Code.WRONG_DEBTOR: "a debtor under another policy, or of a merchant whose sales the policy does not insure",
    Code.COUNTRY_CLOSED: "nothing sold to this country is insured under the policy",
    Code.NO_RATE: "no rate of the currency is stored for the day; `detail` says for which days there is one",
    Code.DUPLICATE_CAPTURE: "a capture that stands has this reference of the merchant's already",
    Code.DUPLICATE_PAYMENT: "a payment with this reference is already recorded on the plan",
    Code.CHARGE_UNDER_WAY: "a charge of this plan is not answered yet; look at it again",
    Code.NOTHING_DUE: "nothing is due today; name an amount to pay early",
    Code.NO_INSTRUMENT: "the plan has nothing to be paid with, or it was removed",
    Code.NOT_A_TEST: "only a test merchant has a clock that can be moved on",
    Code.AUTHENTICATION_FAILED: "the code or the passkey's answer is not the right one; so many more are heard",
    Code.AUTHENTICATION_ENDED: "it is answered no more: too late, too often wrong, void; or asked for too often",
    Code.NO_PASSKEY: "the consumer has no passkey for pages of this origin: one is added first",
    Code.NO_CONTACT: "nothing is known of the consumer where a code could be sent; ask for a passkey",
    Code.NO_TOKEN: "a text looks like the number of a card or an account: send the processor's token instead",
    Code.IMPOSSIBLE_TERMS: "no plan can have these terms; `pointer` names the one at fault",
    Code.NO_APR: "the payments have no annual percentage rate",
    Code.SEVERAL_APRS: "the payments have more than one annual percentage rate",
    Code.INVALID_POLICY: "the document contradicts itself or the law; `detail` lists all faults with their places",
    Code.FOREIGN_ACCOUNT: "the statement is of an account that is none of ours",
    Code.WRONG_SUM: "`detail` says which amounts do not add up",
    Code.INVALID_FILE: "`detail` names line and column, or says what the file looks like",
    Code.WRONG_PARTNER: "the programme is none that you take part in",
    Code.WRONG_DAY: "the file is of another day, says a row of it, or has the sums of another",
    Code.WRONG_SEQUENCE: "its number does not follow the last one of its type",
    Code.WRONG_COLUMNS: "columns are unknown, missing or twice there; `detail` says which",
    Code.WRONG_ENCODING: "it is not UTF-8",
    Code.WRONG_COUNT: "it has not as many rows as was said",
    Code.ALTERED_FILE: "its bytes are not those of the sha256 that was said",
    Code.WRONG_SIGNATURE: "it is not signed by the key that the programme names, or not signed where it must be",
    Code.CUT_SHORT: "its end is missing",
    Code.DUPLICATE_FILE: "the very same file was loaded before",
    Code.BUSY: "too much is waiting; nothing was done, send it again after Retry-After",
    Code.UNAVAILABLE: "the database is away; send it again with the same Idempotency-Key",
    Code.OUTCOME_UNKNOWN: "it may have been done; send it again with the same Idempotency-Key and see",
    Code.BROKEN: "our fault; somebody was told",
}
