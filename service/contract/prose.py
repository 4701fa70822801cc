"""What openapi.yaml says in sentences."""

from typing import Final

PREFACE: Final = """\
Tenor decides, at the moment of purchase, whether a person may use before paying, may leave a reduced deposit or none,
or may pay in instalments; it then looks after what it granted until the last cent is paid, settled and reconciled.

**Money.** An amount is an integer of minor units with its currency beside it: 12345 EUR is 123.45. Nothing else is
taken for one: not "12345", not 12345.0, not 1e4. Shares are basis points (`_bps`; 100 are one per cent), rates are
decimal strings in per cent.

**Time.** `_on` is a date, `_at` an instant with its offset (RFC 3339). Quotes, offers and plans count by one calendar:
the merchant's. Its `time_zone` says when a due day ends, and with it when a plan is overdue; an offer and its plan keep
it. A payment may carry the date of another calendar, a day before or after. The days of a partner's files are those of
its programme's time zone.

**Bodies.** JSON in UTF-8, at most 64 KiB, read strictly: an unknown field, a key given twice or a wrong type is
refused with the pointer to it.

**Requests.** HTTP/1.1; what asks for another protocol is read as if it had not. Request line and headers have 32 KiB
and 100 headers, the address 16 KiB, and a request is whole within 15 seconds; a file may take longer while 64 KiB of it
come in each 15 seconds.

**HEAD** answers as GET does, without the body. An address has one spelling: no second slash, no slash at its end, no
letter written with `%`. Answers are kept by nobody on their way (`Cache-Control: no-store`), but for this document.

**Idempotency.** Every POST carries an `Idempotency-Key`. The same key with the same body gets the same bytes back, for
30 days; with another body, 422. After a 503 or a lost connection, send the same request with the same key.

**Versions.** A plan has a `version`, which each fact raises by one, and `GET /v1/plans/{plan_id}` has it as its `ETag`.
A verb on a plan that is sent with `If-Match` is done only while the plan has that version: else 412, `stale_version`.

**Declined is not refused.** A decision answers 200, whatever its outcome. What was not done at all is a problem
(`application/problem+json`, RFC 9457) with a code from a closed list. Answers of 400 and above carry a `Request-Id`, by
which the operator finds the request: the trace id of its `traceparent` (W3C Trace Context), or one of our own.

**Keys.** `Authorization: Bearer sk_live_...`. A key belongs to one audience and carries scopes: `plans` is reading and
writing (GET, and POST), `plans:read` is reading alone, `*` is everything, `*:read` everything that is read. Each
operation names the scope it needs. A merchant's keys are secret (`sk_live_`, `sk_test_` of a test merchant), restricted
to some scopes (`rk_`), or publishable (`pk_`): those are for pages at the origins that they name. Partners' keys begin
with `ptk_`, operators' with `opk_`, processors' with `psk_`, those of insurers and
guarantors with `spk_`. A key is shown once, in the answer that made it.

**Outside data.** A policy may ask credit bureaux, income and public-credit platforms, each call under a consent that
the consumer gave through the merchant: for its purpose, kind of data, source and period, so many times, until it
expires or is revoked. Without one nothing leaves this host. All sources together have 800 ms; no consent, no record,
an error or a late answer leave the facts absent, and `outside` in the answer says which it was. Of an answer only the
facts that the policy reads are kept, until they expire, no longer than the consent lasts, and not after it was
revoked; the next day close erases what expired. A decision keeps what it had read for as long as it is kept, because
it must be explained and replayed.

**Test mode.** A test merchant's plans are nobody's money. Its clock is moved on through the API
(`POST /v1/test/clock/advance`), and the ending of a consumer's reference says what this consumer shows: the schema
`Persona` lists approvals, refusals, charges that fail, and a dispute.

**Pages.** `/openapi/merchant.yaml`, `/openapi/partner.yaml`, `/openapi/operator.yaml`, `/openapi/processor.yaml` and
`/openapi/support.yaml` are this document for one audience: what its keys may call, and nothing else.

**Clients.** `make clients` makes a Python client (`openapi-python-client`) and types for TypeScript
(`openapi-typescript`) from this document. A field with a default may be left out, in answers too:
`--default-non-nullable false` tells the latter. The former is told in its configuration how to send and read files:
`content_type_overrides: {text/csv: application/octet-stream, application/yaml: application/octet-stream}`.

Prometheus metrics are served on a port of their own, `/metrics`, for those who run the service.
"""

SECURITY: Final = {
    "merchant": "A merchant's secret key.",
    "partner": "A finance partner's secret key.",
    "operator": "A secret key of the lender who runs the service.",
    "processor": "The key of a processor of payments.",
    "support": "The key of a party that bears losses: an insurer, a guarantor.",
}

TAGS: Final = {
    "consumers": "Merchant: who buys, and the limit they have.",
    "consents": "Merchant: what a consumer allowed us to ask outside, or agreed to once for all orders; taken back.",
    "authentications": "Merchant: a consumer proves, with a passkey or a code, that it is they who agree to a plan.",
    "sessions": "Merchant: a consumer agrees to a plan on the shop's page, which asks by itself.",
    "eligibility": "Merchant: which ways to pay there are for an amount, shown by a page before anybody is known.",
    "test": "Merchant: a test merchant's clock, moved on, with all that the time brings about.",
    "instruments": "Merchant: what a consumer pays with, as a processor's token.",
    "quotes": "Merchant: what a credit would cost, before anybody asks for one.",
    "checkouts": "Merchant: the decision, with offers that bind; what the consumer is told of a refusal.",
    "offers": "Merchant: what must be said about an offer before it is accepted.",
    "plans": "Merchant: the plan an offer became, and the verbs on it.",
    "events": "Merchant: what happened, in order and without gaps.",
    "lists": "Merchant: plans, checkouts and consumers by what is asked for, as JSON or CSV.",
    "event-types": "Merchant: which events there are, and what each holds.",
    "attributes": "Merchant: what may be told of a consumer, by the policies in force.",
    "endpoints": "Merchant: the addresses that events are sent to, what was sent there, and what is sent once more.",
    "keys": "Merchant: its own keys.",
    "payouts": "Merchant: what was paid out to it.",
    "permissions": "Merchant: what a consumer agreed to once for all orders, taken back.",
    "sellers": "Platform: the sellers it takes on and acts for.",
    "settlements": "Merchant: what it is owed of each day, line by line.",
    "receivables": "Merchant: invoices and what acquirers owe; what of it is bought, pledged or paid.",
    "receivable-findings": "Merchant: what it was paid for others, and hands on.",
    "business-report": "Merchant: the report on itself.",
    "report-views": "Merchant: who looked at reports about it.",
    "report-consents": "Merchant: who may read reports about it, and what for.",
    "assignments": "Merchant: who has bought its receivables, or holds them as a pledge.",
    "vouchers": "Merchant: vouchers of a scheme, reserved for an order and redeemed.",
    "processor": "Processor of payments: news of a charge, and all it was called for.",
    "partner": "Finance partner: what it funds, the files that prove it, and what does not match.",
    "support": "Insurer or guarantor: what it has agreed to bear, claims on it, and what came of them.",
    "operator": "Operator: merchants, partners, keys, policies, referrals, limits, gateways, processors, books.",
    "public": "Health, and this document. No key is needed.",
}
