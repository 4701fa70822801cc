"""The contract as data: what every route takes, what it answers, and which refusals are its own.

The rest of openapi.yaml is read from the app itself: paths, scopes, parameters and sentences from the handlers, the
schemas from the wire structs. A test holds this table against the app, both ways.
"""

from typing import Any, Final

from msgspec import Struct

from service.api.attributes import AttributesView
from service.api.body import Nothing
from service.api.breaks import AssignBody, FileBody, ResolveBody
from service.api.checkouts import DecisionLog
from service.api.consents import ConsentBody, ConsentPage, ConsentView
from service.api.consumers import AccountView, ConsumerBody, ConsumerView
from service.api.gateways import EnquiryPage, GatewayBody, GatewayMade, GatewayPage
from service.api.limits import LimitBody, LimitChangePage, LimitReview, LimitReviewBody
from service.api.merchant import EventPage
from service.api.operator import (
    KeyBody,
    KeyMade,
    MerchantBody,
    PartnerBody,
    ProgrammeBody,
)
from service.api.partner import BreakPage, FilePage, FundedPlanPage, Positions, ReconciliationPage
from service.api.plans import AcceptOffer, CaptureBody, ClaimBody, PaymentBody, PlanPage, ReleaseBody
from service.api.policies import PolicyPage, PublishBody
from service.api.public import Health
from service.api.replays import Replay
from service.api.reply import Made
from service.api.reviews import ReferralPage, ReviewBody, ReviewView
from service.api.summary import Summary, TrialBalance
from service.api.trials import TrialBody, TrialPage, TrialReport, TrialView
from service.checkout.answer import Answer
from service.checkout.disclosure import Disclosure
from service.checkout.notice import Notice
from service.checkout.request import Checkout
from service.errors import Code
from service.jobs.day_close import DayClosed
from service.partners.file import Manifest
from service.partners.reconciliation import FilePreview, OpenedBreak, Receipt
from service.plans.flow import Preview
from service.plans.plan import PlanView
from service.policies.document import Policy
from service.policies.version import PolicyDocument, PolicyVersion
from service.terms.quote import Quote, QuoteRequest


class Text(Struct, frozen=True):
    """A body that is not JSON."""

    media: str
    description: str


class Operation(Struct, frozen=True):
    """One method of one path. `refuses` holds what is its own; what every route may say is added by `codes_of`."""

    takes: Any = None  # a wire struct, or Text; None: no body
    answers: dict[int, Any] = {}  # what the body is, by status
    refuses: tuple[Code, ...] = ()
    optional: bool = False  # the body may be left out
    dry_run: Any = None  # what `?dry_run=true` answers, which shows the change without making it
    page: bool = False  # where Accept asks for text/html, the same as a page to print
    keeps: bool = True  # a POST's key and answer are kept; a calculation keeps nothing


_VERB: Final = (Code.NOT_FOUND, Code.STATE_FORBIDS)

MERCHANT: Final[dict[str, Operation]] = {
    "GET /v1/attributes": Operation(None, {200: AttributesView}),
    "POST /v1/consumers": Operation(ConsumerBody, {201: ConsumerView, 200: ConsumerView}),
    "GET /v1/consumers/{consumer_id}": Operation(None, {200: ConsumerView}, (Code.NOT_FOUND,)),
    "GET /v1/consumers/{consumer_id}/accounts/{currency}": Operation(None, {200: AccountView}, (Code.NOT_FOUND,)),
    "POST /v1/consumers/{consumer_id}/consents": Operation(ConsentBody, {201: ConsentView}, (Code.NOT_FOUND,)),
    "GET /v1/consumers/{consumer_id}/consents": Operation(None, {200: ConsentPage}, (Code.NOT_FOUND,)),
    "POST /v1/consents/{consent_id}/revoke": Operation(Nothing, {200: ConsentView}, (Code.NOT_FOUND,), optional=True),
    "POST /v1/quotes": Operation(
        QuoteRequest, {200: Quote}, (Code.IMPOSSIBLE_TERMS, Code.NO_APR, Code.SEVERAL_APRS), keeps=False
    ),
    "POST /v1/checkouts": Operation(Checkout, {200: Answer}, (Code.NOT_FOUND, Code.REFERENCE_USED)),
    "GET /v1/checkouts/{decision_id}": Operation(None, {200: Answer}, (Code.NOT_FOUND,)),
    "GET /v1/checkouts/{decision_id}/notice": Operation(None, {200: Notice}, (Code.NOT_FOUND,), page=True),
    "GET /v1/offers/{offer_id}/disclosure": Operation(None, {200: Disclosure}, (Code.NOT_FOUND,), page=True),
    "POST /v1/plans": Operation(
        AcceptOffer,
        {201: PlanView},
        (Code.NOT_FOUND, Code.OFFER_EXPIRED, Code.OFFER_ACCEPTED, Code.REFERENCE_USED, Code.LIMIT_EXCEEDED),
        dry_run=Preview,
    ),
    "GET /v1/plans/{plan_id}": Operation(None, {200: PlanView}, (Code.NOT_FOUND,)),
    "GET /v1/plans/{plan_id}/disclosure": Operation(None, {200: Disclosure}, (Code.NOT_FOUND,), page=True),
    "GET /v1/plans": Operation(None, {200: PlanPage}, (Code.NOT_FOUND,)),
    "POST /v1/plans/{plan_id}/capture": Operation(
        CaptureBody,
        {200: PlanView},
        (*_VERB, Code.AMOUNT_EXCEEDS_AUTHORIZED, Code.AMOUNT_MISMATCH, Code.IMPOSSIBLE_TERMS),
        dry_run=Preview,
    ),
    "POST /v1/plans/{plan_id}/void": Operation(Nothing, {200: PlanView}, _VERB, optional=True, dry_run=Preview),
    "POST /v1/plans/{plan_id}/claims": Operation(
        ClaimBody, {201: PlanView}, (*_VERB, Code.AMOUNT_EXCEEDS_AUTHORIZED, Code.AMOUNT_MISMATCH), dry_run=Preview
    ),
    "POST /v1/plans/{plan_id}/release": Operation(
        ReleaseBody, {200: PlanView}, (*_VERB, Code.AMOUNT_EXCEEDS_AUTHORIZED), optional=True, dry_run=Preview
    ),
    "POST /v1/plans/{plan_id}/payments": Operation(
        PaymentBody,
        {201: PlanView},
        (*_VERB, Code.AMOUNT_EXCEEDS_OUTSTANDING, Code.DUPLICATE_PAYMENT),
        dry_run=Preview,
    ),
    "GET /v1/events": Operation(None, {200: EventPage}),
}

_CSV: Final = "the columns plan_id, currency, drawn, principal_repaid, interest_repaid, outstanding, by name"

PARTNER: Final[dict[str, Operation]] = {
    "GET /v1/partner/files": Operation(None, {200: FilePage}),
    "GET /v1/partner/files/{file_id}": Operation(None, {200: Manifest}, (Code.NOT_FOUND,)),
    "GET /v1/partner/files/{file_id}/content": Operation(
        None, {200: Text("text/csv", f"The file: {_CSV}. Its ETag is its sha256.")}, (Code.NOT_FOUND,)
    ),
    "POST /v1/partner/files": Operation(
        Text("text/csv", f"Your file: {_CSV}, in any order. At most 32 MiB and 200 columns."),
        {201: Receipt},
        (Code.NOT_FOUND, Code.INVALID_FILE),
        dry_run=FilePreview,
    ),
    "GET /v1/partner/positions": Operation(None, {200: Positions}),
    "GET /v1/partner/plans": Operation(None, {200: FundedPlanPage}),
    "GET /v1/partner/reconciliations": Operation(None, {200: ReconciliationPage}),
    "GET /v1/partner/breaks": Operation(None, {200: BreakPage}),
}

_SIGNED: Final = (*_VERB, Code.FOUR_EYES, Code.INVALID_POLICY)

OPERATOR: Final[dict[str, Operation]] = {
    "POST /v1/operator/merchants": Operation(MerchantBody, {201: Made}),
    "POST /v1/operator/partners": Operation(PartnerBody, {201: Made}),
    "POST /v1/operator/programmes": Operation(ProgrammeBody, {201: Made}, (Code.NOT_FOUND,)),
    "POST /v1/operator/programmes/{programme_id}/files": Operation(FileBody, {201: Manifest}, _VERB),
    "GET /v1/operator/breaks": Operation(None, {200: BreakPage}),
    "POST /v1/operator/breaks/{break_id}/assign": Operation(AssignBody, {200: OpenedBreak}, _VERB),
    "POST /v1/operator/breaks/{break_id}/resolve": Operation(ResolveBody, {200: OpenedBreak}, _VERB),
    "POST /v1/operator/keys": Operation(KeyBody, {201: KeyMade}, (Code.NOT_FOUND,)),
    "POST /v1/operator/keys/{key_id}/revoke": Operation(Nothing, {200: Made}, (Code.NOT_FOUND,), optional=True),
    "POST /v1/operator/policies": Operation(Policy, {201: PolicyVersion}),
    "GET /v1/operator/policies": Operation(None, {200: PolicyPage}),
    "GET /v1/operator/policies/{policy_id}/versions/{version}": Operation(
        None, {200: PolicyDocument}, (Code.NOT_FOUND,)
    ),
    "POST /v1/operator/policies/{policy_id}/versions/{version}/publish": Operation(
        PublishBody, {200: PolicyVersion}, _SIGNED, optional=True
    ),
    "POST /v1/operator/policies/{policy_id}/versions/{version}/rollback": Operation(
        PublishBody, {201: PolicyVersion}, _SIGNED, optional=True
    ),
    "POST /v1/operator/trials": Operation(TrialBody, {201: TrialView}, _SIGNED),
    "GET /v1/operator/trials": Operation(None, {200: TrialPage}),
    "GET /v1/operator/trials/{trial_id}": Operation(None, {200: TrialReport}, (Code.NOT_FOUND,)),
    "POST /v1/operator/trials/{trial_id}/end": Operation(Nothing, {200: TrialView}, _VERB, optional=True),
    "POST /v1/operator/consumers/{consumer_id}/accounts/{currency}": Operation(
        LimitBody, {200: AccountView}, (Code.NOT_FOUND,)
    ),
    "GET /v1/operator/consumers/{consumer_id}/accounts/{currency}/limit-changes": Operation(
        None, {200: LimitChangePage}, (Code.NOT_FOUND,)
    ),
    "POST /v1/operator/limit-reviews": Operation(
        LimitReviewBody, {200: LimitReview}, (Code.NOT_FOUND,), dry_run=LimitReview
    ),
    "POST /v1/operator/day-close": Operation(Nothing, {200: DayClosed}, optional=True),
    "GET /v1/operator/decisions/{decision_id}": Operation(None, {200: DecisionLog}, (Code.NOT_FOUND,)),
    "GET /v1/operator/decisions/{decision_id}/replay": Operation(None, {200: Replay}, (Code.NOT_FOUND,)),
    "GET /v1/operator/decisions/{decision_id}/notice": Operation(None, {200: Notice}, (Code.NOT_FOUND,), page=True),
    "GET /v1/operator/reviews": Operation(None, {200: ReferralPage}),
    "GET /v1/operator/reviews/{decision_id}": Operation(None, {200: ReviewView}, (Code.NOT_FOUND,)),
    "POST /v1/operator/reviews/{decision_id}": Operation(ReviewBody, {201: ReviewView}, (*_VERB, Code.REFERENCE_USED)),
    "POST /v1/operator/gateways": Operation(GatewayBody, {201: GatewayMade}, (Code.STATE_FORBIDS,)),
    "GET /v1/operator/gateways": Operation(None, {200: GatewayPage}),
    "POST /v1/operator/gateways/{gateway_id}/retire": Operation(Nothing, {200: Made}, (Code.NOT_FOUND,), optional=True),
    "GET /v1/operator/consumers/{consumer_id}/enquiries": Operation(None, {200: EnquiryPage}, (Code.NOT_FOUND,)),
    "GET /v1/operator/consumers/{consumer_id}/consents": Operation(None, {200: ConsentPage}, (Code.NOT_FOUND,)),
    "POST /v1/operator/consents/{consent_id}/revoke": Operation(
        Nothing, {200: ConsentView}, (Code.NOT_FOUND,), optional=True
    ),
    "GET /v1/operator/summary": Operation(None, {200: Summary}),
    "GET /v1/operator/ledger/trial-balance": Operation(None, {200: TrialBalance}),
}

PUBLIC: Final[dict[str, Operation]] = {
    "GET /livez": Operation(None, {200: Health}),
    "GET /readyz": Operation(None, {200: Health, 503: Health}),
    "GET /openapi.yaml": Operation(None, {200: Text("application/yaml", "This document.")}),
}

AUDIENCES: Final = {"merchant": MERCHANT, "partner": PARTNER, "operator": OPERATOR, "public": PUBLIC}

_KEYED: Final = (Code.UNAUTHORIZED, Code.FORBIDDEN, Code.CLOCK_NOT_SETTABLE, Code.INVALID_FIELD)
_ALWAYS: Final = (Code.UNAVAILABLE, Code.BROKEN)
_POSTED: Final = (Code.MALFORMED, Code.IDEMPOTENCY_KEY_MISSING, Code.TOO_LARGE, Code.UNSUPPORTED_MEDIA_TYPE)
_KEPT: Final = (Code.IDEMPOTENCY_KEY_REUSED, Code.BUSY, Code.OUTCOME_UNKNOWN)


def codes_of(audience: str, name: str) -> tuple[Code, ...]:
    """Every code the operation may refuse with: its own and what every call of its sort may meet, in the list's order.

    `name` is like `POST /v1/plans`.
    """
    codes = {*AUDIENCES[audience][name].refuses, Code.BROKEN}
    if audience != "public":
        codes |= {*_KEYED, *_ALWAYS}
    if name.startswith("POST"):
        codes |= {*_POSTED, *(_KEPT if AUDIENCES[audience][name].keeps else ())}
    return tuple(code for code in Code if code in codes)


# Sets of refusals that many operations share, all of one status each: a name for the contract.
SHARED: Final[dict[str, tuple[Code, ...]]] = {
    "BadRead": (Code.INVALID_FIELD, Code.CLOCK_NOT_SETTABLE),
    "BadWrite": (Code.MALFORMED, Code.INVALID_FIELD, Code.IDEMPOTENCY_KEY_MISSING, Code.CLOCK_NOT_SETTABLE),
    "Unauthorized": (Code.UNAUTHORIZED,),
    "Forbidden": (Code.FORBIDDEN,),
    "NotFound": (Code.NOT_FOUND,),
    "StateForbids": (Code.STATE_FORBIDS,),
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
    Code.NOT_FOUND: "there is no such thing, or it is somebody else's",
    Code.METHOD_NOT_ALLOWED: "the address exists and does not take this method",
    Code.NOT_ACCEPTABLE: "we answer in JSON",
    Code.TOO_SLOW: "the request was not whole in time",
    Code.TOO_LARGE: "the body is longer than we read",
    Code.ADDRESS_TOO_LONG: "the address is longer than we read",
    Code.UNSUPPORTED_MEDIA_TYPE: "the body is of another Content-Type",
    Code.HEAD_TOO_LARGE: "the headers are longer than we read, or more",
    Code.IDEMPOTENCY_KEY_MISSING: "every POST carries an Idempotency-Key",
    Code.IDEMPOTENCY_KEY_REUSED: "the key was used for another request",
    Code.CLOCK_NOT_SETTABLE: "Tenor-Clock is for sandboxes",
    Code.REFERENCE_USED: "the merchant reference has a plan, neither voided nor expired",
    Code.OFFER_EXPIRED: "ask for a new decision",
    Code.OFFER_ACCEPTED: "an offer of the same decision already opened a plan",
    Code.LIMIT_EXCEEDED: "the consumer's limit does not leave room; nothing was reserved",
    Code.STATE_FORBIDS: "not in this state; `actions` names what goes",
    Code.AMOUNT_EXCEEDS_AUTHORIZED: "more than what is left of the authorization",
    Code.AMOUNT_EXCEEDS_OUTSTANDING: "more than what is owed",
    Code.AMOUNT_MISMATCH: "the lines do not add up to the amount",
    Code.CURRENCY_MISMATCH: "another currency than the plan's",
    Code.DUPLICATE_PAYMENT: "a payment with this reference is already recorded on the plan",
    Code.IMPOSSIBLE_TERMS: "no plan can have these terms; `pointer` names the one at fault",
    Code.NO_APR: "the payments have no annual percentage rate",
    Code.SEVERAL_APRS: "the payments have more than one annual percentage rate",
    Code.INVALID_POLICY: "the document contradicts itself or the law; `detail` lists all faults with their places",
    Code.INVALID_FILE: "`detail` names line and column, or says what the file looks like",
    Code.BUSY: "too much is waiting; nothing was done, send it again after Retry-After",
    Code.UNAVAILABLE: "the database is away; send it again with the same Idempotency-Key",
    Code.OUTCOME_UNKNOWN: "it may have been done; send it again with the same Idempotency-Key and see",
    Code.BROKEN: "our fault; somebody was told",
}
