"""*Refused*: the one exception of the domain, with a closed list of codes.

A *declined* purchase is a result, not an error; something *broken* is an `assert`. Everything a caller may be told
to mend is a `Refused`, and the edge turns it into `application/problem+json`.
"""

import re
from enum import StrEnum
from typing import Final

import msgspec


class Code(StrEnum):
    """What went wrong, for programs. The edge's HTTP status stands beside each."""

    # the request itself
    MALFORMED = "malformed"  # 400
    INVALID_FIELD = "invalid_field"  # 400
    UNAUTHORIZED = "unauthorized"  # 401
    FORBIDDEN = "forbidden"  # 403
    FOUR_EYES = "four_eyes"  # 403
    WRONG_ORIGIN = "wrong_origin"  # 403
    NOT_FOUND = "not_found"  # 404
    METHOD_NOT_ALLOWED = "method_not_allowed"  # 405
    NOT_ACCEPTABLE = "not_acceptable"  # 406
    EVENTS_GONE = "events_gone"  # 410
    NOT_KEPT = "not_kept"  # 410
    TOO_SLOW = "too_slow"  # 408
    RATE_LIMITED = "rate_limited"  # 429
    TOO_LARGE = "too_large"  # 413
    ADDRESS_TOO_LONG = "address_too_long"  # 414
    UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type"  # 415
    HEAD_TOO_LARGE = "head_too_large"  # 431
    IDEMPOTENCY_KEY_MISSING = "idempotency_key_missing"  # 400
    IDEMPOTENCY_KEY_REUSED = "idempotency_key_reused"  # 422
    CLOCK_NOT_SETTABLE = "clock_not_settable"  # 400
    ERASED = "erased"  # 410
    # the state of things
    REFERENCE_USED = "reference_used"  # 409
    OFFER_EXPIRED = "offer_expired"  # 409
    OFFER_ACCEPTED = "offer_accepted"  # 409
    LIMIT_EXCEEDED = "limit_exceeded"  # 409
    NOT_APPROVED = "not_approved"  # 409
    NO_FUNDING = "no_funding"  # 409
    SUBSIDY_SPENT = "subsidy_spent"  # 409
    EXCLUSIVE_COVER = "exclusive_cover"  # 409
    SET_FROZEN = "set_frozen"  # 409
    CLAIM_TOO_EARLY = "claim_too_early"  # 409
    CLAIM_TOO_LATE = "claim_too_late"  # 409
    INCOMPLETE = "incomplete"  # 422
    EFFORT_MISSING = "effort_missing"  # 422
    LEVERAGE_EXCEEDED = "leverage_exceeded"  # 422
    CAPACITY_EXCEEDED = "capacity_exceeded"  # 409
    STATE_FORBIDS = "state_forbids"  # 409
    STALE_VERSION = "stale_version"  # 412
    ALREADY_ASSIGNED = "already_assigned"  # 409
    OVER_PLEDGED = "over_pledged"  # 409
    DISPUTED_RECEIVABLE = "disputed_receivable"  # 409
    PAST_DUE = "past_due"  # 409
    NO_PURPOSE = "no_purpose"  # 422
    NO_BASIS = "no_basis"  # 422
    AMOUNT_EXCEEDS_AUTHORIZED = "amount_exceeds_authorized"  # 422
    AMOUNT_EXCEEDS_OUTSTANDING = "amount_exceeds_outstanding"  # 422
    AMOUNT_MISMATCH = "amount_mismatch"  # 422
    CURRENCY_MISMATCH = "currency_mismatch"  # 422
    LINE_MISMATCH = "line_mismatch"  # 422
    WRONG_DEBTOR = "wrong_debtor"  # 422
    COUNTRY_CLOSED = "country_closed"  # 422
    NO_RATE = "no_rate"  # 422
    DUPLICATE_PAYMENT = "duplicate_payment"  # 409
    CHARGE_UNDER_WAY = "charge_under_way"  # 409
    NOTHING_DUE = "nothing_due"  # 409
    NO_INSTRUMENT = "no_instrument"  # 409
    NOT_A_TEST = "not_a_test"  # 409
    AUTHENTICATION_FAILED = "authentication_failed"  # 422
    AUTHENTICATION_ENDED = "authentication_ended"  # 409
    NO_PASSKEY = "no_passkey"  # 409
    NO_CONTACT = "no_contact"  # 409
    MISPLACED_NUMBER = "misplaced_number"  # 422
    NO_TOKEN = "no_token"  # 422  # noqa: S105 - a word of a refusal
    DUPLICATE_CAPTURE = "duplicate_capture"  # 409
    # money and terms
    IMPOSSIBLE_TERMS = "impossible_terms"  # 422
    NO_APR = "no_apr"  # 422
    SEVERAL_APRS = "several_aprs"  # 422
    INVALID_POLICY = "invalid_policy"  # 422
    INVALID_FILE = "invalid_file"  # 422
    WRONG_PARTNER = "wrong_partner"  # 422
    WRONG_DAY = "wrong_day"  # 422
    WRONG_SEQUENCE = "wrong_sequence"  # 422
    WRONG_COLUMNS = "wrong_columns"  # 422
    WRONG_ENCODING = "wrong_encoding"  # 422
    WRONG_COUNT = "wrong_count"  # 422
    ALTERED_FILE = "altered_file"  # 422
    WRONG_SIGNATURE = "wrong_signature"  # 422
    CUT_SHORT = "cut_short"  # 422
    DUPLICATE_FILE = "duplicate_file"  # 422
    FOREIGN_ACCOUNT = "foreign_account"  # 422
    WRONG_SUM = "wrong_sum"  # 422
    # the machine
    BUSY = "busy"  # 503
    UNAVAILABLE = "unavailable"  # 503
    OUTCOME_UNKNOWN = "outcome_unknown"  # 503
    BROKEN = "broken"  # 500


STATUS: Final[dict[Code, int]] = {
    Code.MALFORMED: 400,
    Code.INVALID_FIELD: 400,
    Code.IDEMPOTENCY_KEY_MISSING: 400,
    Code.CLOCK_NOT_SETTABLE: 400,
    Code.ERASED: 410,
    Code.UNAUTHORIZED: 401,
    Code.FORBIDDEN: 403,
    Code.FOUR_EYES: 403,
    Code.WRONG_ORIGIN: 403,
    Code.NOT_FOUND: 404,
    Code.METHOD_NOT_ALLOWED: 405,
    Code.NOT_ACCEPTABLE: 406,
    Code.EVENTS_GONE: 410,
    Code.NOT_KEPT: 410,
    Code.TOO_SLOW: 408,
    Code.RATE_LIMITED: 429,
    Code.TOO_LARGE: 413,
    Code.ADDRESS_TOO_LONG: 414,
    Code.UNSUPPORTED_MEDIA_TYPE: 415,
    Code.HEAD_TOO_LARGE: 431,
    Code.IDEMPOTENCY_KEY_REUSED: 422,
    Code.REFERENCE_USED: 409,
    Code.OFFER_EXPIRED: 409,
    Code.OFFER_ACCEPTED: 409,
    Code.LIMIT_EXCEEDED: 409,
    Code.NOT_APPROVED: 409,
    Code.NO_FUNDING: 409,
    Code.SUBSIDY_SPENT: 409,
    Code.EXCLUSIVE_COVER: 409,
    Code.SET_FROZEN: 409,
    Code.CAPACITY_EXCEEDED: 409,
    Code.CLAIM_TOO_EARLY: 409,
    Code.CLAIM_TOO_LATE: 409,
    Code.STATE_FORBIDS: 409,
    Code.STALE_VERSION: 412,
    Code.ALREADY_ASSIGNED: 409,
    Code.OVER_PLEDGED: 409,
    Code.DISPUTED_RECEIVABLE: 409,
    Code.PAST_DUE: 409,
    Code.DUPLICATE_PAYMENT: 409,
    Code.CHARGE_UNDER_WAY: 409,
    Code.NOTHING_DUE: 409,
    Code.NO_INSTRUMENT: 409,
    Code.NOT_A_TEST: 409,
    Code.NO_CONTACT: 409,
    Code.NO_PASSKEY: 409,
    Code.AUTHENTICATION_ENDED: 409,
    Code.DUPLICATE_CAPTURE: 409,
    Code.BUSY: 503,
    Code.UNAVAILABLE: 503,
    Code.OUTCOME_UNKNOWN: 503,
    Code.BROKEN: 500,
}  # every code not listed is 422: understood, and not possible


class Ground(msgspec.Struct, frozen=True):
    """One of the reasons of a decision that refuses something: the code for programs, the sentence for the consumer."""

    code: str  # for programs: one of those that a checkout is answered with
    sentence: str


class Decided(msgspec.Struct, frozen=True):
    """The decision because of which something was refused."""

    decision_id: str = msgspec.field(name="checkout")  # its id: `GET /v1/checkouts/{id}` and the notice of it
    reasons: tuple[Ground, ...]  # the weightiest first


class Refused(Exception):
    """Not done, nothing written, and the caller can know why.

    `detail` is a sentence for a person, `pointer` a JSON pointer (RFC 6901) to the field at fault, `actions` the
    legal next verbs, `decided` the decision that says no.
    """

    def __init__(
        self, code: Code, detail: str, pointer: str | None = None, actions: tuple[str, ...] = (),
        decided: Decided | None = None,
    ) -> None:  # fmt: skip
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.pointer = pointer
        self.actions = actions
        self.decided = decided

    @property
    def status(self) -> int:
        """The HTTP status that goes with the code."""
        return STATUS.get(self.code, 422)


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """`application/problem+json` (RFC 9457), with our code, a JSON pointer and the legal next verbs."""

    type: str  # a reference that names the code
    title: str  # the code in words
    status: int  # the HTTP status
    code: Code
    detail: str
    pointer: str | None = None
    actions: tuple[str, ...] = ()
    decided: Decided | None = None  # of `not_approved`: the decision that says no


# A key to the API, wherever it stands: what it begins with, and what nobody is told again.
A_KEY: Final = re.compile(r"\b([srp]k_(?:live|test)_|(?:opk|ptk|psk|spk|kb)_)[\w-]{40,}", re.ASCII)


def holds_a_key(text: str) -> bool:
    """Whether a key to the API stands in the text. Two looks tell of most texts: each key begins with one of two."""
    return ("k_" in text or "kb_" in text) and A_KEY.search(text) is not None


def without_keys(text: str) -> str:
    """The text, and of each key to the API in it only what it begins with."""
    return A_KEY.sub(r"\1...", text)


def problem_json(refused: Refused) -> bytes:
    """The body that tells a caller what was refused. What was sent may be told again, but no key."""
    code = refused.code
    title = code.replace("_", " ").capitalize()
    detail, pointer = without_keys(refused.detail), refused.pointer and without_keys(refused.pointer)
    problem = f"/problems/{code}"
    return _encode(
        Problem(problem, title, refused.status, code, detail, pointer, refused.actions, refused.decided)
    )  # fmt: skip


_encode = msgspec.json.Encoder().encode
