"""Is what a policy says of its authorizations possible: how long they last, and how far they bend?"""

from collections.abc import Iterator

from service.plans.offer import CAPTURE_DAYS_MAX, Leeway
from service.policies.document import Policy
from service.policies.fault import Fault
from service.policies.prices import Deposit, PayAfterUse, Row
from service.policies.validate_prices import pointers_of

ABOVE_DEPOSIT = "No more is taken of a deposit than was left as one; leave this out."
AFTER_DEPOSIT = "A deposit that expired was given back to the card; leave this out."
AGREED_DEPOSIT = "A deposit is agreed to in the checkout, and its claims carry evidence; leave this out."
NOTHING_TO_PERMIT = "A permission is for a scenario whose orders are confirmed; say scenario and confirm_days."
ONE_INSTALMENT = "One instalment is no more than a later day; say 2 or more, or 0 for none."
LATE_DEPOSIT = "What a claim leaves to be paid is not spread over instalments; leave this out."
NOBODY_ASKED = "It asks nobody; say above which amount or of which grades, or leave this out."
NO_DAYS = "There are no days by which it could be extended; say extend_days_max, or leave this out."


def leeway_is_possible(policy: Policy) -> Iterator[Fault]:
    """The policy's own leeway, and that of each row that has one."""
    yield from _leeway("/leeway", policy.leeway, policy.capture_within_days)
    for row, at in pointers_of(policy):
        leeway, within_days = row.leeway or policy.leeway, row.capture_within_days or policy.capture_within_days
        if row.leeway is not None or row.capture_within_days is not None:
            where = f"{at}/leeway" if row.leeway is not None else f"{at}/capture_within_days"
            yield from _leeway(where, leeway, within_days)
        if isinstance(row, Deposit):
            for name in ("confirm_days", "permission", "evidence"):
                if getattr(row.use, name):
                    yield Fault(f"{at}/use/{name}", AGREED_DEPOSIT)
        yield from _authentication(policy, at, row)
        if isinstance(row, PayAfterUse) and row.use.permission and not (row.use.confirm_days and row.use.scenario):
            yield Fault(f"{at}/use/permission", NOTHING_TO_PERMIT)
        if isinstance(row, Deposit) and row.use.convert_max:
            yield Fault(f"{at}/use/convert_max", LATE_DEPOSIT)
        if isinstance(row, PayAfterUse) and row.use.convert_max == 1:
            yield Fault(f"{at}/use/convert_max", ONE_INSTALMENT)
        if isinstance(row, Deposit) and row.leeway is not None:
            if row.leeway.capture_tolerance_bps:
                yield Fault(f"{at}/leeway/capture_tolerance_bps", ABOVE_DEPOSIT)
            if row.leeway.late_capture_grace_days:
                yield Fault(f"{at}/leeway/late_capture_grace_days", AFTER_DEPOSIT)


def _authentication(policy: Policy, at: str, row: Row) -> Iterator[Fault]:
    asked = row.authentication
    if asked is None:
        return
    if asked.above is None and not asked.grades:
        yield Fault(f"{at}/authentication", NOBODY_ASKED)
    if asked.above is not None and asked.above >= row.amount_max:
        yield Fault(f"{at}/authentication/above", f"The product ends at {row.amount_max}: none of its plans is above.")
    for place, grade in enumerate(asked.grades):
        if row.grades and grade not in row.grades:
            yield Fault(f"{at}/authentication/grades/{place}", f"The product is not for grade {grade}.")
        elif grade not in {one.name for one in policy.grades}:
            yield Fault(f"{at}/authentication/grades/{place}", f"There is no grade {grade}.")
    if len(set(asked.by)) < len(asked.by):
        yield Fault(f"{at}/authentication/by", "It is named twice.")


def _leeway(at: str, leeway: Leeway, within_days: int) -> Iterator[Fault]:
    is_own = at.endswith("/leeway")
    if is_own and leeway.extends_by_itself and not leeway.extend_days_max:
        yield Fault(f"{at}/extends_by_itself", NO_DAYS)
    if within_days + leeway.extend_days_max > CAPTURE_DAYS_MAX:
        sentence = (
            f"{within_days} days and {leeway.extend_days_max} more are above {CAPTURE_DAYS_MAX}, the most there are."
        )
        yield Fault(f"{at}/extend_days_max" if is_own else at, sentence)
