"""What holds for every plan after every step, each by its name: what is told, and what it must be.

The ledger is told by the transfers booked so far, the plan by its amounts and lines, and what must be by the facts.
"""

from collections.abc import Callable
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from service.actor import THE_DAY
from service.ledger.chart import LedgerAccount as A
from service.ledger.chart import Occasion, Place
from service.merchants.fee import merchant_fee
from service.money import take_bps
from service.plans.guard import next_look
from service.plans.lost import lost_of
from service.plans.money_back import MOVED_BY_A_BANK
from service.plans.offer import Kind
from service.plans.plan import deposit_of, next_actions
from service.plans.running.deposit_facts import ClaimClosed, ClaimMade
from service.plans.running.dispute_facts import DisputeClosed, DisputeOpened
from service.plans.running.fact import KeepsSettled
from service.plans.running.facts import (
    Amended,
    AuthorizationExtended,
    Authorized,
    Captured,
    CaptureReversed,
    ChargedBack,
    ChargedOff,
    CollectionPaused,
    CollectionResumed,
    Corrected,
    Forgiven,
    GivenBack,
    Levied,
    OverpaidReturned,
    Paid,
    PauseReason,
    Refunded,
    SettlementQuoted,
    Why,
    Withdrawn,
    undone_by,
)
from service.plans.running.subsidy_facts import Subsidised, SubsidyReturned
from service.plans.running.use_facts import OrderConfirmed, UseEnded, UseStarted
from service.plans.running.versions import in_order
from service.plans.state import PlanState, collection_state_of, has_ended
from service.terms.allocation_rule import Component, PaymentKind
from service.terms.terms import Captures, Payer
from tests.plans.simulated.borne import (
    shops_part,
    the_scheme_bears_no_more_than_was_agreed,
    the_scheme_bears_what_it_paid,
)
from tests.plans.simulated.funded import wrong_holdings, wrong_shares
from tests.plans.simulated.seen import Seen

Sides = tuple[Any, Any]
Equation = Callable[[Seen], Sides]


def lines_sum_to_what_is_owed(seen: Seen) -> Sides:
    """What the lines leave open is outstanding, and their principal is used."""
    used = sum(line.principal - line.paid_principal for line in seen.lines if not line.forgiven)
    amounts = seen.plan.amounts
    return (amounts.outstanding, amounts.used), (sum(line.outstanding for line in seen.lines), used)


def lines_sum_to_what_was_paid(seen: Seen) -> Sides:
    """By component."""
    amounts, lines = seen.plan.amounts, seen.lines
    paid = amounts.principal_paid, amounts.interest_paid, amounts.fee_paid, amounts.penalty_paid
    return paid, (
        sum(line.paid_principal for line in lines),
        sum(line.paid_interest for line in lines),
        sum(line.paid_fee for line in lines),
        sum(line.paid_penalty for line in lines),
    )


def all_that_was_lent_is_on_the_lines(seen: Seen) -> Sides:
    """As principal, and beside it only what was paid, taken back and is owed again."""
    lent = seen.sums[Captured]
    again = sum(line.owed_again for line in seen.lines)
    return sum(line.principal for line in seen.lines) - again, lent


def lines_are_in_order(seen: Seen) -> Sides:
    """Numbered from 1, by due date."""
    told = [line.number for line in seen.lines], [line.due_on for line in seen.lines]
    return told, (list(range(1, len(seen.lines) + 1)), sorted(told[1]))


def lines_are_settled_when_nothing_is_open(seen: Seen) -> Sides:
    """And on no other day than one that is told."""
    settled = [line.settled_on is not None for line in seen.lines]
    return settled, [line.outstanding == 0 for line in seen.lines]


def nothing_is_negative(seen: Seen) -> Sides:
    """No amount of a plan or a line."""
    plan, amounts = seen.plan, seen.plan.amounts
    least = [
        amounts.captured, amounts.voided, amounts.held, amounts.reserved, amounts.used, amounts.outstanding,
        amounts.refunded, amounts.overpaid, plan.remaining,
    ]  # fmt: skip
    for line in seen.lines:
        least += [
            line.principal, line.interest, line.fee, line.penalty, line.paid_principal, line.paid_interest,
            line.paid_fee, line.paid_penalty, line.forgiven, line.outstanding, line.owed_again,
            line.paid - line.paid_early - line.paid_late,
        ]  # fmt: skip
    return min(0, *least), 0


def nothing_is_paid_beyond_what_is_owed(seen: Seen) -> Sides:
    """Component by component, on every line that was not let go."""
    most = [0]
    for line in seen.lines:
        most += [
            line.paid_principal - line.principal, line.paid_interest - line.interest, line.paid_fee - line.fee,
            line.paid_penalty - line.penalty,
        ]  # fmt: skip
    return max(most), 0


def what_may_be_captured_is_what_was_agreed(seen: Seen) -> Sides:
    """Captured, given back and remaining are the amount agreed last, and what was captured beyond it."""
    amounts = seen.plan.amounts
    captured = seen.sums[Captured] + _from_card(seen)
    withdrawn_on = next((fact.on for fact in seen.those_of(Withdrawn)), date.max)
    goes_first = seen.plan.offer.terms.captures is Captures.FORESEEN  # and knows no withdrawal
    amended = [fact for fact in seen.those_of(Amended) if goes_first or fact.on <= withdrawn_on]
    agreed = amended[-1].amount + amended[-1].held if amended else seen.plan.offer.amount
    authorized = agreed + sum(fact.beyond for fact in seen.those_of(Captured))
    return (
        amounts.captured, amounts.captured + amounts.voided + amounts.reserved + amounts.held, amounts.amount
    ), (captured, authorized, authorized)  # fmt: skip


def a_deposit_is_claimed_released_or_left_by_source(seen: Seen) -> Sides:
    """What was held on the card, and what was waived: each is what its own facts have made of it."""
    plan = seen.plan
    if plan.kind is not Kind.DEPOSIT:
        return deposit_of(plan), None
    deposit = deposit_of(plan)
    assert deposit is not None
    back = seen.those_of(GivenBack)
    claimed, released = _from_card(seen), sum(fact.from_held for fact in back)
    lent, unlent = sum(fact.amount for fact in seen.those_of(Captured)), sum(fact.amount for fact in back)
    final = any(fact.final for fact in seen.those_of(Captured))
    held, waived = plan.offer.held, plan.offer.waived
    if topped_up := seen.those_of(Amended):
        held, waived = topped_up[-1].held, topped_up[-1].amount
    if final:  # what was left then went back with it
        released, unlent = held - claimed, waived - lent
    told = [(one.amount, one.claimed, one.released, one.remaining) for one in (deposit.held, deposit.waived)]
    return told, [
        (held, claimed, released, held - claimed - released),
        (waived, lent, unlent, waived - lent - unlent),
    ]


def every_cent_that_came_is_somewhere(seen: Seen) -> Sides:
    """What came less what went back settled something, or is overpaid; or it went back and is owed again."""
    standing = seen.plan.standing
    came = seen.sums[Paid] + seen.sums[Refunded] + standing.returned_interest + standing.returned_fees
    came += standing.fees_back
    came += seen.sums[Subsidised]
    went = seen.sums[ChargedBack] + seen.sums[OverpaidReturned] + seen.sums[SubsidyReturned]
    again = standing.went_back_unpaid
    again -= sum(standing.allocations[fact.id].interest for fact in seen.those_of(SubsidyReturned))
    again -= sum(one.total - one.overpaid for one in standing.allocations.values() if one.is_back)
    return seen.plan.amounts.paid + seen.plan.amounts.overpaid, came - went + again


def the_books_are_those_of_the_plan(seen: Seen) -> Sides:
    """All transfers so far are what the books say of the plan as it stands."""
    balances: dict[tuple[A, str | None], int] = {}
    for occasion in seen.books.values():
        for place, amount in occasion.items():
            key = place.account, place.owner
            balances[key] = balances.get(key, 0) + amount
    return _without_zeros(seen.booked), _without_zeros(balances)


def the_books_balance(seen: Seen) -> Sides:
    """Debits are credits, and promises stay among themselves."""
    promises = seen.balance(A.COMMITMENT) + seen.balance(A.COMMITMENT_CONTRA)
    held = seen.balance(A.DEPOSIT_HELD) + seen.balance(A.DEPOSIT_HELD_CONTRA)
    return (sum(seen.booked.values()), promises, held), (0, 0, 0)


def promises_are_booked(seen: Seen) -> Sides:
    """What is reserved, and what is held on the card."""
    amounts = seen.plan.amounts
    return (seen.balance(A.COMMITMENT), seen.balance(A.DEPOSIT_HELD)), (amounts.reserved, amounts.held)


def principal_receivable_is_used(seen: Seen) -> Sides:
    """Unless it was given up."""
    owed = 0 if seen.plan.standing.charged_off_on else seen.plan.amounts.used
    return seen.balance(A.CONSUMER_PRINCIPAL), owed


def charges_receivable_are_left(seen: Seen) -> Sides:
    """Fees and penalties that are asked for and not paid, unless they were given up."""
    left = sum(line.fee + line.penalty - line.paid_fee - line.paid_penalty for line in seen.lines if not line.forgiven)
    return seen.balance(A.CONSUMER_FEES), 0 if seen.plan.standing.charged_off_on else left


def overpaid_is_owed_back(seen: Seen) -> Sides:
    """To the consumer."""
    return -seen.balance(A.CONSUMER_PAYABLE), seen.plan.amounts.overpaid


def never_owed_and_overpaid_at_once(seen: Seen) -> Sides:
    """What was paid too much settles whatever becomes owed."""
    amounts = seen.plan.amounts
    return min(amounts.outstanding, amounts.overpaid), 0


def what_is_settled_asks_for_nothing_more(seen: Seen) -> Sides:
    """Another schedule of a plan of which nothing is owed asks for nothing."""
    before, last = seen.before, seen.last
    is_change = isinstance(last, KeepsSettled) and not isinstance(last, ChargedBack)
    if before is None or not is_change or before.amounts.outstanding or seen.plan.version != before.version + 1:
        return 0, 0
    return seen.plan.amounts.outstanding, 0


def money_came_through_clearing(seen: Seen) -> Sides:
    """Payments and the card's part, less what went back."""
    went = seen.sums[ChargedBack] + seen.sums[OverpaidReturned]
    came = sum(fact.amount for fact in seen.those_of(Paid) if fact.kind in MOVED_BY_A_BANK)
    return seen.balance(A.PROCESSOR_CLEARING), came + _from_card(seen) - went


def the_merchant_is_owed_what_was_captured(seen: Seen) -> Sides:
    """Less our fee and its costs, and less what it refunded or was paid by the consumer."""
    plan, captured, fee = seen.plan, 0, -seen.books.get(Occasion.MERCHANT_COST, {}).get(Place(A.MERCHANT_FEE_INCOME), 0)
    for fact in seen.those_of(Captured):
        fee += merchant_fee(plan.offer.merchant_fee, captured, fact.amount + fact.from_held)
        captured += fact.amount + fact.from_held
    told = -seen.balance(A.MERCHANT_PAYABLE), -seen.balance(A.MERCHANT_FEE_INCOME)
    bears = seen.sums[Refunded] + _paid_to_merchant(seen) + shops_part(seen)
    return told, (captured - fee - bears, fee)


def the_merchants_costs_are_shared(seen: Seen) -> Sides:
    """Captured in parts it bears no more than was agreed, of all of it all; and less by the share that came back."""
    plan, terms, wrong = seen.plan, seen.plan.offer.terms, []
    booked = -seen.books.get(Occasion.MERCHANT_COST, {}).get(Place(A.MERCHANT_FEE_INCOME), 0)
    borne, back = plan.standing.merchant_costs, plan.standing.merchant_costs_back
    whole = max([plan.offer.amount, plan.amounts.amount, *[one.amount for one in seen.those_of(Amended)]])
    agreed = sum([one.amount + take_bps(whole, one.bps) for one in terms.costs if one.payer is Payer.MERCHANT])
    if not 0 <= back <= borne <= agreed or booked != borne - back:
        wrong.append(f"{booked} is booked of {borne} less {back}, {agreed} were agreed")
    is_whole = not seen.those_of(Amended) and plan.amounts.captured == plan.offer.amount == plan.amounts.amount
    down_payment = terms.down_payment + terms.down_payment_bps
    if is_whole and not down_payment and borne != agreed:
        wrong.append(f"all was captured, and {borne} is borne of {agreed}")
    last = seen.last
    if back and not terms.refund_costs:
        wrong.append("they were to stay")
    if isinstance(last, Refunded) and last.returns_costs and terms.refund_costs:
        captured = sum(plan.standing.lent) + plan.standing.from_held
        if plan.standing.refunded == captured and back != borne:
            wrong.append(f"{back} of {borne}, though all came back")
    return wrong, []


def other_sellers_have_their_parts(seen: Seen) -> Sides:
    """Of each capture what was split off, less the same share of what came back of it: to a cent of each."""
    wrong, exact = [], dict[str, Fraction]()
    for bill in seen.plan.standing_bills:
        back = seen.plan.standing.refunded_of.get(bill.capture, 0)
        for one in bill.splits:
            share = Fraction(one.amount * (bill.amount - back), bill.amount)
            exact[one.merchant_id] = exact.get(one.merchant_id, Fraction(0)) + share
    for seller, amount in exact.items():
        told = -seen.booked[A.MERCHANT_PAYABLE, seller]
        if abs(told - amount) >= len(seen.plan.bills) or told < 0:
            wrong.append(f"{seller} has {told}, not {float(amount)}")
    return wrong, []


def what_we_gave_is_ours_to_bear(seen: Seen) -> Sides:
    """Goodwill, and interest and costs that are not asked for or come back."""
    given = dict.fromkeys(PaymentKind, 0)
    for fact in seen.those_of(Paid):
        given[fact.kind] += fact.amount
    interest = given[PaymentKind.INTEREST_WAIVER] + given[PaymentKind.INTEREST_REFUND]
    interest += seen.plan.standing.returned_interest
    returned = seen.books.get(Occasion.INTEREST_RETURN, {}).get(Place(A.INTEREST_INCOME), 0)
    fees = seen.books.get(Occasion.FEE_RETURN, {}).get(Place(A.FEE_INCOME), 0)
    recovered = seen.books.get(Occasion.RECOVERY, {})
    returned += recovered.get(Place(A.INTEREST_INCOME), 0)
    fees += recovered.get(Place(A.FEE_INCOME), 0)
    told = seen.balance(A.GOODWILL), returned, fees
    costs = seen.plan.standing.returned_fees + seen.plan.standing.fees_back
    return told, (given[PaymentKind.GOODWILL], interest, costs)


def interest_comes_back_once(seen: Seen) -> Sides:
    """No refund returns more interest by its share than the plan bears: what a scheme got back was asked for before."""
    standing, last = seen.plan.standing, seen.last
    if not isinstance(last, Refunded) or not last.by_share or seen.plan.offer.terms.recalculate:
        return [], []
    again = sum(
        min(one.interest, 0) for one in standing.allocations.values() if one.kind is PaymentKind.INTEREST_SUBSIDY
    )
    borne = sum(row.owed[Component.INTEREST] for row in standing.rows) + again
    return ([] if 0 <= standing.returned_interest <= borne else [f"{standing.returned_interest} of {borne}"]), []


def costs_come_back_by_their_share(seen: Seen) -> Sides:
    """Nothing of them where all goods are kept, all of them where all came back; never more than there are."""
    standing, terms = seen.plan.standing, seen.plan.offer.terms
    captured = sum(standing.lent) + standing.from_held
    borne = standing.fees_of_parts - standing.fees_given_up
    wrong = []
    if not 0 <= standing.returned_fees <= standing.fees_of_parts:
        wrong.append(f"{standing.returned_fees} of {standing.fees_of_parts}")
    if standing.returned_fees and not terms.refund_costs:
        wrong.append("they were to stay")
    last = seen.last
    comes_back = isinstance(last, Refunded) and last.returns_costs and terms.refund_costs and not standing.is_forgiven
    if comes_back and standing.refunded == captured and standing.returned_fees < borne:
        wrong.append(f"{standing.returned_fees} of {borne}, though all came back")
    return wrong, []


def a_quote_that_is_paid_settles(seen: Seen) -> Sides:
    """In time and to the cent: all of it, with nothing overpaid; or a part, and with it what was promised for it."""
    before, fact = seen.before, seen.last
    quote = before.standing.quote if before else None
    if quote is None or not isinstance(fact, Paid) or fact.kind is not PaymentKind.PAYMENT:
        return 0, 0
    assert before is not None
    is_in_time = quote.on <= fact.on <= quote.good_until and fact.amount == quote.amount
    is_next = isinstance(seen.recorded[-2].fact, SettlementQuoted) and seen.plan.version == before.version + 1
    if not (is_in_time and is_next) or seen.recorded[-2].fact.id != quote.id:
        return 0, 0
    fell = before.amounts.outstanding - seen.plan.amounts.outstanding
    over = seen.plan.amounts.overpaid - before.amounts.overpaid
    if not quote.part:
        return (seen.plan.amounts.outstanding, over), (0, 0)
    if before.standing.recalculates:  # interest of later days falls with what is paid, besides
        return (fell >= quote.amount + quote.fee_rebate + quote.fee_returned, over), (True, 0)
    return (fell, over), (quote.amount + quote.interest_rebate + quote.fee_rebate + quote.fee_returned, 0)


def what_is_lost_is_what_was_given_up(seen: Seen) -> Sides:
    """To those who bear losses: what is owed of principal and charges, and what came since of them."""
    plan = seen.plan
    if plan.standing.charged_off_on is None:
        return 0, 0
    lost = lost_of(plan)
    charges = sum(row.left(Component.FEE) + row.left(Component.PENALTY) for row in plan.standing.rows)
    least = min(lost.principal, lost.interest, lost.charges, lost.received, 0)
    losses = seen.books.get(Occasion.LOSS, {}).get(Place(A.CREDIT_LOSSES), 0)
    is_lost = (
        plan.amounts.used + charges <= lost.owed
    )  # what came and was taken back is principal, whatever it had paid
    return (least, lost.owed <= losses, is_lost), (0, True, True)


def _paid_to_merchant(seen: Seen) -> int:
    return sum(fact.amount for fact in seen.those_of(Paid) if fact.kind is PaymentKind.PAID_TO_MERCHANT)


def every_partner_has_its_share(seen: Seen) -> Sides:
    """Of what was lent, and of all that was paid, lost and recovered, by component."""
    return wrong_shares(seen), []


def every_partner_holds_its_part(seen: Seen) -> Sides:
    """Of what is owed, whoever sold it to them; who sold has none."""
    return wrong_holdings(seen), []


def the_end_moves_by_what_was_extended(seen: Seen) -> Sides:
    """And no further than the product allows; the day looks at it before."""
    plan, withdrawn_on = seen.plan, next((fact.on for fact in seen.those_of(Withdrawn)), date.max)
    days = sum(fact.days for fact in seen.those_of(AuthorizationExtended) if fact.on <= withdrawn_on)
    allowed = plan.offer.leeway.extend_days_max
    begin, within, look = plan.authorized_at, plan.offer.capture_within_days, next_look(plan)
    if plan.offer.use.confirm_days and OrderConfirmed not in seen.sums:
        within, allowed = min(within, plan.offer.use.confirm_days), 0
    for used in seen.those_of(UseStarted):
        begin, within = used.at, plan.offer.use.days_max + plan.offer.use.bill_days
    for returned in seen.those_of(UseEnded):
        begin, within = returned.at, plan.offer.use.bill_days
    end = begin + timedelta(within + days)
    is_guarded = look is not None and look <= plan.ends_at
    return (plan.capture_by, plan.extendable_days, is_guarded), (
        end,
        allowed - days,
        plan.remaining > 0 and not _is_claimed(seen),
    )


def the_state_follows_from_the_facts(seen: Seen) -> Sides:
    """As an auditor would tell it."""
    state = _state(seen)
    return (seen.plan.state, seen.plan.closed_at is not None), (state, has_ended(state))


def _state(seen: Seen) -> PlanState:
    plan, amounts, was_captured = seen.plan, seen.plan.amounts, Captured in seen.sums
    if _is_claimed(seen):
        return PlanState.ASSESSING
    if plan.remaining:
        uncaptured = PlanState.IN_USE if UseStarted in seen.sums else PlanState.AUTHORIZED
        return PlanState.PART_CAPTURED if was_captured else uncaptured
    if not was_captured and not amounts.outstanding and not {ChargedOff, Forgiven} & set(seen.sums):
        ended = {Why.VOIDED: PlanState.VOIDED, Why.EXPIRED: PlanState.EXPIRED, Why.RELEASED: PlanState.CLOSED}
        ended[Why.UNCLAIMED] = PlanState.CLOSED
        return PlanState.VOIDED if Withdrawn in seen.sums else ended[seen.those_of(GivenBack)[-1].why]
    if Forgiven in seen.sums and not amounts.outstanding:
        return PlanState.FORGIVEN
    if ChargedOff in seen.sums:
        return PlanState.CHARGED_OFF if amounts.outstanding else PlanState.RECOVERED
    if amounts.outstanding:
        return PlanState.ACTIVE if plan.kind is Kind.INSTALMENTS else PlanState.PAYMENT_DUE
    if amounts.overpaid:
        return PlanState.OVERPAID
    if 0 < amounts.captured == seen.sums[Refunded]:
        return PlanState.REFUNDED
    return PlanState.CLOSED if plan.kind is Kind.DEPOSIT else PlanState.PAID_OFF


def collecting_while_something_is_owed(seen: Seen) -> Sides:
    """Or given up; and whoever owes may pay."""
    plan, amounts = seen.plan, seen.plan.amounts
    told = collection_state_of(plan.standing, amounts).value, "pay" in next_actions(plan)
    owing = "given_up" if plan.standing.charged_off_on else "paused" if _rests(seen) else "collecting"
    nothing = "collected" if seen.lines else "nothing_owed"
    return told, (owing if amounts.outstanding else nothing, amounts.outstanding > 0)


def paying_late_costs_no_more_than_was_agreed(seen: Seen) -> Sides:
    """For one instalment, and in all that was not waived."""
    late, by_day = seen.plan.offer.servicing.late_fee, {one.fact.id for one in seen.recorded if one.actor == THE_DAY}
    fees = [fact.amount for fact in seen.those_of(Levied) if fact.id in by_day]
    if late is None:
        return fees, []
    assert late.each_max is not None
    assert late.total_max is not None
    return (max(0, max(fees, default=0) - late.each_max), max(0, sum(fees) - late.total_max)), (0, 0)


def facts_are_numbered_without_gaps(seen: Seen) -> Sides:
    """From the authorization on, and the version counts them."""
    numbers = [one.number for one in seen.recorded]
    told = numbers, seen.plan.version, isinstance(seen.recorded[0].fact, Authorized)
    return told, (list(range(1, len(numbers) + 1)), len(numbers), True)


def every_capture_has_its_bill(seen: Seen) -> Sides:
    """Numbered, and of its amount; one that was reversed keeps its number."""
    undone = {undone_by(one.fact): one.fact for one in seen.recorded}
    captures = [
        (fact.amount + fact.from_held, isinstance(undone.get(fact.id), CaptureReversed))
        for one in seen.recorded
        if isinstance(fact := one.fact, Captured) and not isinstance(undone.get(fact.id), Corrected)
    ]
    told = [(bill.capture, (bill.amount, bill.is_reversed)) for bill in seen.plan.bills]
    return told, list(enumerate(captures, 1))


def what_came_back_is_of_captures(seen: Seen) -> Sides:
    """Each refund is bound to captures that stand, and none gives back more than it was of; a bill that was lowered is
    no higher than what stood of it then.
    """
    captured, refunded = seen.plan.standing.captured_of, seen.plan.standing.refunded_of
    most = max([0, *(amount - captured.get(number, 0) for number, amount in refunded.items())])
    for number, lowered in seen.plan.standing.lowered_of.items():
        most = max(most, captured.get(number, 0) - refunded.get(number, 0) - lowered.amount)
    stand = {bill.capture: bill.amount for bill in seen.plan.standing_bills}
    return (captured, sum(refunded.values()), most), (stand, seen.plan.standing.refunded, 0)


EQUATIONS: tuple[Equation, ...] = (
    lines_sum_to_what_is_owed,
    lines_sum_to_what_was_paid,
    all_that_was_lent_is_on_the_lines,
    lines_are_in_order,
    lines_are_settled_when_nothing_is_open,
    nothing_is_negative,
    nothing_is_paid_beyond_what_is_owed,
    what_may_be_captured_is_what_was_agreed,
    a_deposit_is_claimed_released_or_left_by_source,
    every_cent_that_came_is_somewhere,
    the_books_are_those_of_the_plan,
    the_books_balance,
    promises_are_booked,
    principal_receivable_is_used,
    charges_receivable_are_left,
    overpaid_is_owed_back,
    never_owed_and_overpaid_at_once,
    what_is_settled_asks_for_nothing_more,
    money_came_through_clearing,
    what_we_gave_is_ours_to_bear,
    interest_comes_back_once,
    costs_come_back_by_their_share,
    the_scheme_bears_what_it_paid,
    the_scheme_bears_no_more_than_was_agreed,
    a_quote_that_is_paid_settles,
    what_is_lost_is_what_was_given_up,
    the_merchant_is_owed_what_was_captured,
    the_merchants_costs_are_shared,
    other_sellers_have_their_parts,
    every_partner_has_its_share,
    every_partner_holds_its_part,
    the_end_moves_by_what_was_extended,
    the_state_follows_from_the_facts,
    collecting_while_something_is_owed,
    paying_late_costs_no_more_than_was_agreed,
    facts_are_numbered_without_gaps,
    every_capture_has_its_bill,
    what_came_back_is_of_captures,
)


def _is_claimed(seen: Seen) -> bool:
    """Whether a claim was made that is neither taken nor closed."""
    closed = {fact.claim_id for fact in seen.those_of(Captured)} | {
        fact.claim_id for fact in seen.those_of(ClaimClosed)
    }
    return any(fact.id not in closed for fact in seen.those_of(ClaimMade))


def _rests(seen: Seen) -> bool:
    """Whether collection is paused for a reason that is not over."""
    reasons = set()
    for fact in in_order(seen.plan.offer.terms, seen.stood):
        if isinstance(fact, CollectionPaused):
            reasons.add(fact.why)
        elif isinstance(fact, CollectionResumed):
            reasons.discard(fact.why)
        elif isinstance(fact, DisputeOpened):
            reasons.add(PauseReason.DISPUTE)
        elif isinstance(fact, DisputeClosed):
            reasons.discard(PauseReason.DISPUTE)
        elif isinstance(fact, Refunded) and not fact.lowers:
            reasons.discard(PauseReason.RETURN)
    return bool(reasons)


def _from_card(seen: Seen) -> int:
    """What of a deposit was claimed from the card."""
    return sum(fact.from_held for fact in seen.those_of(Captured))


def _without_zeros(balances: dict[tuple[A, str | None], int]) -> dict[tuple[A, str | None], int]:
    return {place: amount for place, amount in balances.items() if amount}
