"""Where a plan stands after its facts: what may still be lent, rows, their courses, what was paid too much."""

from collections.abc import Sequence
from datetime import date, datetime
from itertools import pairwise

from msgspec import Struct, field, structs

from service.plans.bill import LoweredBill
from service.plans.running import moves
from service.plans.running.course import Course
from service.plans.running.deposit_facts import OPEN as OPEN_CLAIMS
from service.plans.running.deposit_facts import Claim
from service.plans.running.dispute_facts import DisputeOpener, DisputeReason, DisputeState
from service.plans.running.facts import Amended, AnyFact, PauseReason, SettlementQuoted, Why, Withdrawn
from service.plans.running.period import Period
from service.plans.running.rows import Row, RowKind
from service.plans.running.subsidy_facts import NO_BUY_DOWN, BuyDown
from service.terms.allocation_rule import Component, PaymentKind
from service.terms.business_days import payable_on
from service.terms.terms import Captures, NonBusinessDay, PaidEarly, Terms

# The place of a fact among the others: captures foreseen go first; then by day, then as they were recorded.
Place = tuple[bool, date, date]


class Allocated(Struct, array_like=True):
    """Which components a payment settled; a payment taken back counts negative."""

    id: str
    kind: PaymentKind
    on: date
    principal: int = 0
    interest: int = 0
    fee: int = 0
    penalty: int = 0
    overpaid: int = 0
    is_recovery: bool = False  # it came after the plan was charged off
    is_back: bool = False  # it takes a payment back, which counts less already

    def add(self, component: Component, amount: int) -> None:
        """Count what one component took."""
        setattr(self, component, getattr(self, component) + amount)

    def part(self, component: Component) -> int:
        """What one component took."""
        return int(getattr(self, component))

    @property
    def total(self) -> int:
        """All of it: what is left of a payment that was taken back in part."""
        return self.principal + self.interest + self.fee + self.penalty + self.overpaid


class Pause(Struct, frozen=True, gc=False, array_like=True):
    """Days on which nothing is collected."""

    why: PauseReason
    begin: date
    end: date | None = None  # the first day on which it is collected again


class Dispute(Struct, frozen=True, gc=False, array_like=True):
    """What consumer and merchant disagree on. `respond_by`: the last day for the merchant's answer, while it is due."""

    id: str
    opened_on: date
    amount: int
    reason: DisputeReason
    state: DisputeState
    round: int
    respond_by: date | None
    closed_on: date | None = None
    opened_by: DisputeOpener = DisputeOpener.CONSUMER
    words: str = ""
    refunded_before: int = 0  # minor units that had come back when it was opened


LateFeeOf = tuple[date, int, date | None]  # its day, its amount, when what it is for was due; None: nothing was late


class Standing(Struct, eq=False, array_like=True):
    """A working copy: the rules beside this file change it, fact by fact."""

    terms: Terms
    bears_interest: bool  # at some time in its life
    rows: list[Row] = field(default_factory=list)
    courses: list[Course] = field(default_factory=list)
    allocations: dict[str, Allocated] = field(default_factory=dict)
    overpaid: int = 0
    returned_interest: int = 0
    returned_fees: int = 0  # of the costs that captures bear
    settling: bool = False  # the payment at hand takes everything
    closed: bool = False  # charged off or forgiven: interest no longer follows what is paid
    charged_off_on: date | None = None
    is_forgiven: bool = False
    deadline_on: date | None = None  # the day on which it was said last until when it may be captured
    extended_days: int = 0  # longer than was agreed
    expiry_told: int = 0  # the merchant was told so many days before the end; 0: not yet
    amended: Amended | None = None  # what was agreed last, where it is not the offer any more
    authorized: int | None = None  # may be lent in all; None: no authorization is known, as in published cases
    captures: int = 0  # how many there were, with those that were reversed
    captured_of: dict[int, int] = field(default_factory=dict)  # by the number of each capture that stands
    refunded_of: dict[int, int] = field(default_factory=dict)  # ... by the merchant, what came back of it
    lowered_of: dict[int, LoweredBill] = field(default_factory=dict)  # ... whose bill was too high
    lent: list[int] = field(default_factory=list)  # by each capture
    interest_of_whole: int = 0  # if all had been captured at once, on that of the days of capture when it is most
    interest_of_parts: int = 0  # agreed by the captures so far
    fees_of_parts: int = 0  # ... their costs, as they were shared among them
    fees_given_up: int = 0  # ... less so much, because it was settled early
    fees_back: int = 0  # ... of that, what had been paid: it went towards what was owed
    merchant_costs: int = 0  # of the plan's costs, what its merchant pays of the captures so far
    merchant_costs_back: int = 0  # ... less so much, because goods came back
    given_back: int = 0  # of what might have been lent
    held: int = 0  # of a deposit: still on the consumer's card
    from_held: int = 0  # ... taken from it
    held_back: int = 0  # ... given back to it
    ended_by: Why | None = None  # why the authorization was given back last
    refunded: int = 0  # by the merchant
    quote: SettlementQuoted | None = None  # what settles it, while that binds
    settled_parts: tuple[tuple[int, int], ...] = ()  # each part that was paid early, and of how much
    schedule_ended: bool = False  # settled early or called due: lines ask for less than courses, which write no more
    withdrawal: Withdrawn | None = None  # known from the start: what is lent is owed back in one sum
    pauses: list[Pause] = field(default_factory=list)  # of collection, in the order they began
    dispute: Dispute | None = None  # the last one
    confirmed_at: datetime | None = None  # by the consumer, where the product asks for it
    permission_id: str = ""  # ... who had agreed to all such orders before
    authenticated_amount: int | None = None  # to which the consumer has agreed, and proved that it was they
    use_started_at: datetime | None = None  # of what is used before it is paid, or has a deposit
    use_ended_at: datetime | None = None
    claim: Claim | None = None  # the last one that could be contested
    late_fees: list[LateFeeOf] = field(default_factory=list)  # penalties levied
    postponed: int = 0  # how many due dates the consumer has put off
    subsidised: int = 0  # interest that a scheme has paid, less what it got back
    subsidy_ended: bool = False  # ... and it pays no more
    buy_down: BuyDown = NO_BUY_DOWN
    last: Place | None = None  # of the fact that comes last
    done: list[AnyFact] | None = field(default_factory=list)  # all facts in their order; None: they were not loaded

    def copy(self) -> "Standing":
        """A working copy with courses and periods of its own; what money has settled it shares (`allocating`)."""
        own = {id(course): course.copy() for course in self.courses}
        periods = [zip(old.periods, own[id(old)].periods, strict=True) for old in self.courses]
        period_of = {id(old): new for pairs in periods for old, new in pairs}
        rows = [row.copy(own.get(id(row.course)), period_of.get(id(row.period))) for row in self.rows]
        return structs.replace(
            self, rows=rows, courses=[*own.values()], allocations=self.allocations.copy(), late_fees=self.late_fees[:],
            lent=self.lent[:], done=None if self.done is None else self.done[:], captured_of=self.captured_of.copy(),
            refunded_of=self.refunded_of.copy(), lowered_of=self.lowered_of.copy(), pauses=self.pauses[:],
        )  # fmt: skip

    def allocating(self, money: Allocated) -> Allocated:
        """What money has settled so far, to be added to: its own copy, for other standings share what is there."""
        mine = self.allocations[money.id] = structs.replace(self.allocations.get(money.id, money))
        return mine

    @property
    def reserved(self) -> int:
        """What may still be lent."""
        return 0 if self.authorized is None else self.authorized - sum(self.lent) - self.given_back

    @property
    def amount(self) -> int:
        """The most that may be captured or claimed in all."""
        return (self.authorized or 0) + self.held + self.from_held + self.held_back

    @property
    def remaining(self) -> int:
        """What may still be captured or claimed."""
        return self.reserved + self.held

    @property
    def open_claim(self) -> Claim | None:
        """What is claimed of a deposit, and not taken yet."""
        return self.claim if self.claim is not None and self.claim.state in OPEN_CLAIMS else None

    @property
    def rows_stand_alone(self) -> bool:
        """Whether the rows are no longer what the courses ask for."""
        return self.closed or self.schedule_ended

    @property
    def went_back_unpaid(self) -> int:
        """What went back to the consumer as overpaid, and had not been: they owe it."""
        return -sum([one.principal for one in self.allocations.values() if one.total < 0 and not one.is_back])

    @property
    def recalculates(self) -> bool:
        """Whether interest follows what is really paid."""
        return self.terms.recalculate and self.bears_interest and not self.rows_stand_alone and self.withdrawal is None

    @property
    def bears_overdue(self) -> bool:
        """Whether principal past due bears interest."""
        return self.recalculates and self.terms.overdue_interest

    def has_overdue(self, on: date) -> bool:
        """Whether some of it has borne none up to `on` yet."""
        return self.bears_overdue and any(moves.has_overdue(one, self.counts_on(one, on)) for one in self.courses)

    def bear_overdue(self, on: date) -> None:
        """Principal past due bears interest up to `on`."""
        for course in self.courses if self.bears_overdue else ():
            if moves.bear_overdue(course, self.counts_on(course, on)):
                self.sync(on)

    def counts_on(self, course: Course, on: date) -> date:
        """The day from which money that comes in on `on` lowers the interest: at once, or when the period ends."""
        waits = self.settling or self.terms.paid_early is PaidEarly.AT_DUE_DATE
        return course.end_of_period(on) if waits else on

    def sync(self, on: date) -> None:
        """Write on the rows what the courses ask for."""
        if self.schedule_ended:
            return
        has_moved = False
        for course in self.courses:
            course.dues()
        for row in [row for row in self.rows if row.period is not None and row.period.due is not row.asked]:
            period = row.period
            assert period is not None
            due = period.due
            assert due is not None, "a row's period is none of its course"
            due_on = self.payable_on(period)
            if row.due_on != due_on or row.begin != period.begin:
                row.begin, row.due_on, has_moved = period.begin, due_on, True
            row.ask(due, on)
        if has_moved:
            self.sort()

    def add_rows(self, course: Course, replaced: Sequence[tuple[Period, Period]] = ()) -> None:
        """Rows for the periods that have none yet; what stood in the rows of replaced periods moves with them."""
        known = [row.period for row in self.rows if row.course is course]
        self.rows += [
            Row(RowKind.INSTALMENT, period.begin, self.payable_on(period), course.capture, course=course, period=period)
            for period in course.periods
            if period not in known
        ]
        for old, new in replaced:
            gone = next(row for row in self.rows if row.period is old)
            self.rows.remove(gone)
            gone.fold_into(next(row for row in self.rows if row.period is new))
        self.sort()

    def payable_on(self, period: Period) -> date:
        """Its due date, moved off weekends and holidays where the terms say so; interest keeps the unmoved one."""
        if self.terms.non_business_day is NonBusinessDay.KEEP:
            return period.due_on
        return payable_on(period.due_on, period.begin, self.terms.non_business_day, self.terms.calendar)

    def unmoved(self, course: Course, on: date) -> date | None:
        """The due date of the instalment that is due on `on`, or is payable then because its own is no business day."""
        if any(period.due_on == on for period in course.periods):
            return on
        return next((period.due_on for period in course.periods if self.payable_on(period) == on), None)

    def sort(self) -> None:
        """By due date; an instalment goes before the down payment of what is captured on its day, unless foreseen."""
        foreseen = self.terms.captures is Captures.FORESEEN
        self.rows.sort(
            key=lambda row: (row.due_on, row.kind is RowKind.EXTRA, (row.kind is RowKind.DOWN_PAYMENT) != foreseen)
        )
        for before, row in pairwise(self.rows):
            if row.kind is RowKind.EXTRA:
                row.begin = before.due_on

    @property
    def capture(self) -> int:
        """The number of the last capture that stands."""
        return max(self.captured_of, default=1)

    def instalments(self) -> list[Row]:
        """The rows that are neither down payments nor extra."""
        return [row for row in self.rows if row.kind is RowKind.INSTALMENT]

    def row_after(self, on: date, *, moves_what_is_due: bool = False) -> Row:
        """The running instalment; behind the last one that which is due on the day, or an extra row.

        What becomes owed after all was forgiven stands in an extra row of its own.
        """
        if self.is_forgiven:
            return self.row_behind(on)
        for row in self.instalments():
            if row.due_on > on:
                return row
        last = self.rows[-1] if self.rows else None
        if last is not None and last.due_on == on:
            return last
        return self.row_behind(on, moves_what_is_due=moves_what_is_due)

    def row_behind(self, on: date, *, moves_what_is_due: bool = False) -> Row:
        """The extra row behind all others, whose date moves with what is added to it. No course writes on it.

        What is owed since a day that has passed keeps that day, and what comes later stands in a row of its own, unless
        it `moves_what_is_due`.
        """
        last = self.rows[-1] if self.rows else None
        if (
            last is not None
            and last.kind is RowKind.EXTRA
            and not last.forgiven
            and (moves_what_is_due or not last.is_open or on <= last.due_on)
        ):
            last.due_on = max(last.due_on, on)
            return last
        begin = on if last is None else last.due_on
        extra = Row(RowKind.EXTRA, begin, max(begin, on), self.capture)
        self.rows.append(extra)
        return extra

    def row_on(self, on: date) -> Row:
        """The extra row of what is due on a day at once, among the instalments. No course writes on it."""
        for row in self.rows:
            if row.kind is RowKind.EXTRA and row.due_on == on and not row.forgiven:
                return row
        extra = Row(RowKind.EXTRA, on, on, self.capture)
        self.rows.append(extra)
        self.sort()
        return extra
