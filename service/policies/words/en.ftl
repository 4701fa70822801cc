# Why not, or why not yet: said to the person who is refused. One sentence, true on its own.

## The purchase
MERCHANT_INACTIVE = This shop does not offer paying later at the moment.
CURRENCY_NOT_SERVED = Paying later is not available in this currency.
PRODUCT_NOT_SERVED = Paying later is not available for this kind of purchase.
AMOUNT_TOO_LOW = The purchase is below the smallest amount we can offer this for.
AMOUNT_TOO_HIGH = The purchase is above the largest amount we can offer this for.
TERM_NOT_SERVED = We cannot offer this number of instalments for this purchase.
PRICE_ABOVE_LEGAL_CAP = We have no offer for this purchase within the legal limit on its cost.

## What is open with us
LIMIT_EXCEEDED = The purchase is above what is left of your limit with us.
PAYMENT_OVERDUE = A payment to us is overdue.
STOP_SUPPLY = A payment to us is overdue for so long that we may not sell to you on credit.
TOO_MANY_OPEN_PLANS = You have too many plans with us that are not paid off yet.
TOO_MANY_ATTEMPTS = There were too many requests in a short time.
HISTORY_TOO_SHORT = You have not been a customer long enough for this.
DEPOSIT_CLAIMED = A deposit of yours had to be claimed before.

## Where the deposit is meant
PRODUCT_NOT_SERVED-deposit = A reduced deposit is not available for this kind of purchase.
AMOUNT_TOO_LOW-deposit = The deposit is below the smallest we can reduce.
AMOUNT_TOO_HIGH-deposit = The deposit is above the largest we can reduce.
LIMIT_EXCEEDED-deposit = What is left of your limit with us is too little to reduce this deposit.
HISTORY_TOO_SHORT-deposit = Too few deposits of yours have come back without a claim for us to reduce this one.

## Who may
UNDER_AGE = You are below the age at which we may offer this.
AREA_NOT_SERVED = We do not offer this where you live.
IDENTITY_UNCONFIRMED = We could not confirm your identity.
INFORMATION_MISSING = Information that we need to decide is missing.
REVIEW_NEEDED = A member of our staff needs to look at your request.

## Circumstances
AGE_OF_APPLICANT = Your age counts against this request.
ACCOUNT_STANDING = The standing of your current account counts against this request.
CREDIT_HISTORY = How earlier credits were repaid counts against this request.
OTHER_CREDITS = The credits you have elsewhere count against this request.
OTHER_INSTALMENT_PLANS = The instalment plans you have elsewhere count against this request.
SAVINGS = Your savings are low or not known to us.
PROPERTY = Your property is little or not known to us.
HOUSING = Your housing situation counts against this request.
TIME_AT_ADDRESS = The time you have lived at your address counts against this request.
EMPLOYMENT_TIME = The time in your present employment counts against this request.
OCCUPATION = Your occupation counts against this request.
INCOME = Your income is low for this request, or not known to us.
INSTALMENT_TO_INCOME = The instalments would take a large share of your income.
DEPENDANTS = The number of people you provide for counts against this request.
GUARANTEE = No one else stands in for the repayment.
CONTACT_DETAILS = Your contact details are incomplete.
PURPOSE = What you are buying counts against this request.
AMOUNT_OF_CREDIT = The amount of the credit counts against this request.
LENGTH_OF_CREDIT = The length of the credit counts against this request.
BUREAU_RECORD = A record at a credit bureau counts against this request.

## The notice
notice-title-declined = We could not approve your purchase
notice-title-referred = We are still looking at your purchase
notice-about = On { $day } you asked at { $merchant } to pay { $amount } later. Decision { $decision }.
notice-reasons = The principal reasons, the weightiest first:
notice-alternatives = What we could approve instead:
notice-alternative = { $change ->
    [shorter_term] A shorter time: { $financed } in { $instalments } instalments
    [larger_down_payment] { $paid } at once, and { $financed } later
    [smaller_waiver] A deposit of { $held } instead of { $deposit }
   *[smaller_amount] A purchase of { $price }
}
notice-decided = { $by ->
    [person] A member of our staff has looked at this request. You may tell us your view, ask for an explanation of how the decision was made, and ask us to look again; it costs you nothing.
    [nobody] A computer has looked at this request and leaves the decision to a member of our staff. You may tell us your view and ask for an explanation; it costs you nothing.
   *[computer] The decision was made by a computer, from data about you and this purchase. You may ask a person to review it, tell us your view, and ask for an explanation of how the decision was made and what it means for you; it costs you nothing.
}
notice-contest = To do so, write to us and name the decision: { $decision }.
notice-rights-EU = If a record at a credit bureau played a part, we tell you free of charge which one, what it held, and which kinds of data counted. If debts weigh on you, debt advisory services help, independently of us.
notice-rights-GB = If a record at a credit reference agency played a part, we tell you which agency and how to reach it. If you are not content with us, you may go to the Financial Ombudsman Service.
notice-bureau-US = If a report of a consumer reporting agency played a part, we tell you which agency and how to reach it. It did not make the decision and cannot tell you why we did. Within 60 days you may have a free copy of your report from it, and you may dispute with it what is incomplete or wrong.
notice-rights-US = The federal Equal Credit Opportunity Act prohibits creditors from discriminating against credit applicants on the basis of race, color, religion, national origin, sex, marital status, age (provided the applicant has the capacity to enter into a binding contract); because all or part of the applicant's income derives from any public assistance program; or because the applicant has in good faith exercised any right under the Consumer Credit Protection Act.
notice-rights-other = You may ask us at any time what we hold about you, and have what is wrong put right.

## The disclosure of an offer
disclosure-title = What this offer costs
disclosure-about = Offered on { $day } at { $merchant }. Offer { $offer }.
disclosure-line-more = If the order comes to a little more
disclosure-more = For shipping or tips up to { $percent } % more may be captured on these terms: { $most } in all.
disclosure-deposit = A deposit costs nothing unless it is claimed; it is no credit.
deposit-line-deposit = Deposit
deposit-line-held = Held on your card
deposit-line-waived = Not asked for: on credit with us
deposit-line-unclaimed = If nothing is claimed
deposit-line-claimed = If it is claimed
deposit-line-late_payment = Missed payments
deposit-unclaimed = Nothing is taken from your card, and you owe nothing.
deposit-claimed = { $first ->
    [card] Up to { $held } are taken from your card first. What is claimed beyond that, at most { $waived }, you owe us within
   *[nothing] What is claimed, at most { $waived }, you owe us within
} { $days ->
    [one] 1 day
   *[other] { $days } days
} of the claim.
deposit-late = Nothing is charged for paying late.
disclosure-rate = { $rate } % { $method ->
    [us_actuarial] is a nominal rate per year, by the actuarial method of Regulation Z.
    [irr_nominal] is the monthly internal rate of return times twelve.
    [irr_effective] is the internal rate of return, compounded over a year.
   *[eu_effective] is an effective rate per year, with all costs counted.
}
disclosure-law = By:
