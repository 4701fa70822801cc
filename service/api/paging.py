"""What is asked of a list: to go on after the last id of the page before, and so many at most.

A cursor is an id of what is listed: that of another list is refused.
"""

from typing import Annotated, Final

from litestar.params import QueryParameter

from service import ids

PAGE_MAX: Final = 1_000


def _cursor(prefix: str) -> QueryParameter:
    return QueryParameter(pattern=rf"^({prefix}_[0-9A-HJKMNP-TV-Z]{{26}})?\Z")


AfterApproval = Annotated[str, _cursor(ids.APPROVAL)]
AfterBankMessage = Annotated[str, _cursor(ids.BANK_MESSAGE)]
AfterBreak = Annotated[str, _cursor(ids.BREAK)]
AfterCharge = Annotated[str, _cursor(ids.CHARGE)]
AfterConsent = Annotated[str, _cursor(ids.CONSENT)]
AfterDecision = Annotated[str, _cursor(ids.DECISION)]
AfterDoubt = Annotated[str, _cursor(ids.DOUBT)]
AfterEndpoint = Annotated[str, _cursor(ids.ENDPOINT)]
AfterEnquiry = Annotated[str, _cursor(ids.ENQUIRY)]
AfterFile = Annotated[str, _cursor(ids.FILE)]
AfterGateway = Annotated[str, _cursor(ids.GATEWAY)]
AfterInstrument = Annotated[str, _cursor(ids.INSTRUMENT)]
AfterKey = Annotated[str, _cursor(ids.KEY)]
AfterMerchant = Annotated[str, _cursor(ids.MERCHANT)]
AfterOwnershipTransfer = Annotated[str, _cursor(ids.OWNERSHIP_TRANSFER)]
AfterPartnerPayout = Annotated[str, _cursor(ids.PARTNER_PAYOUT)]
AfterPaymentOrder = Annotated[str, _cursor(ids.PAYMENT_ORDER)]
AfterPayout = Annotated[str, _cursor(ids.PAYOUT)]
AfterPermission = Annotated[str, _cursor(ids.PERMISSION)]
AfterPlan = Annotated[str, _cursor(ids.PLAN)]
AfterProcessor = Annotated[str, _cursor(ids.PROCESSOR)]
AfterProgramme = Annotated[str, _cursor(ids.PROGRAMME)]
AfterReconciliation = Annotated[str, _cursor(ids.RECONCILIATION)]
AfterScheme = Annotated[str, _cursor(ids.SCHEME)]
AfterSettlement = Annotated[str, _cursor(ids.SETTLEMENT)]
AfterTrial = Annotated[str, _cursor(ids.TRIAL)]
AfterVoucher = Annotated[str, _cursor(ids.VOUCHER)]
AfterSupportParty = Annotated[str, _cursor(ids.SUPPORT_PARTY)]
AfterReceivable = Annotated[str, _cursor(ids.RECEIVABLE)]
AfterReceivablePayment = Annotated[str, _cursor(ids.RECEIVABLE_PAYMENT)]
AfterAssignment = Annotated[str, _cursor(ids.ASSIGNMENT)]
AfterAssignmentBatch = Annotated[str, _cursor(ids.ASSIGNMENT_BATCH)]
AfterBusinessRecord = Annotated[str, _cursor(ids.BUSINESS_RECORD)]
AfterReportView = Annotated[str, _cursor(ids.REPORT_VIEW)]
AfterReportConsent = Annotated[str, _cursor(ids.REPORT_CONSENT)]
AfterArrangement = Annotated[str, _cursor(ids.ARRANGEMENT)]
AfterWaterfall = Annotated[str, _cursor(ids.WATERFALL)]
AfterInsurance = Annotated[str, _cursor(ids.INSURANCE)]
AfterDebtor = Annotated[str, _cursor(ids.DEBTOR)]
AfterInsuredLoss = Annotated[str, _cursor(ids.INSURED_LOSS)]
AfterClaim = Annotated[str, _cursor(ids.CLAIM)]
AfterLoss = Annotated[str, _cursor(ids.LOSS)]
AfterCoverSet = Annotated[str, _cursor(ids.COVER_SET)]
AfterIban = Annotated[str, QueryParameter(pattern=r"^([A-Z]{2}[0-9]{2}[A-Z0-9]{1,30})?\Z")]
AfterInsurerSettlement = Annotated[str, _cursor(ids.INSURER_SETTLEMENT)]
AfterPack = Annotated[str, _cursor(ids.PACK)]
AfterNotice = Annotated[
    str,
    QueryParameter(pattern=r"^([0-9]{4}-[0-9]{2}-[0-9]{2}\.db_[0-9A-HJKMNP-TV-Z]{26}\.[0-9]{4}-[0-9]{2}-[0-9]{2})?\Z"),
]
AfterName = Annotated[str, QueryParameter(max_length=200, pattern=r"^[^\x00]*\Z")]
Limit = Annotated[int, QueryParameter(ge=1, le=PAGE_MAX)]
