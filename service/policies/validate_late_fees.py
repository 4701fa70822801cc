"""Is what a policy says of paying late, of trying again and of putting due dates off, possible?"""

from collections.abc import Iterator
from itertools import pairwise

from service.policies.document import Policy
from service.policies.fault import Fault
from service.policies.prices import Deposit
from service.policies.validate_prices import pointers_of
from service.terms.servicing import Servicing

NOTHING = "It comes to nothing: say an amount or a share, or leave late_fee out."
TWICE = "A day is named twice."
BEFORE_GRACE = "Collection would be given up before paying late costs anything; make it later than the days of grace."
NO_DAYS = "A due date is put off by no days; say postpone_days_max, or leave this out."
NO_TIMES = "A due date is never put off; say postpone_times_max, or leave this out."
OF_DEPOSITS = "Only a deposit is claimed; leave this out."


def late_fees_are_possible(policy: Policy) -> Iterator[Fault]:
    """The policy's own servicing, and that of each row that has one."""
    yield from _servicing("/servicing", policy.servicing)
    for row, at in pointers_of(policy):
        if row.servicing is not None:
            yield from _servicing(f"{at}/servicing", row.servicing)
            if not isinstance(row, Deposit):
                for name in ("contest_days", "release_days"):
                    if getattr(row.servicing, name):
                        yield Fault(f"{at}/servicing/{name}", OF_DEPOSITS)


def _servicing(at: str, servicing: Servicing) -> Iterator[Fault]:
    late, given_up = servicing.late_fee, servicing.charge_off_days
    if late is not None and not late.amount and not late.bps:
        yield Fault(f"{at}/late_fee", NOTHING)
    if len(set(servicing.remind_days)) < len(servicing.remind_days):
        yield Fault(f"{at}/remind_days", TWICE)
    for name in servicing.retry.__struct_fields__:
        hours = getattr(servicing.retry, name)
        for place, (before, after) in enumerate(pairwise(hours), 1):
            if after <= before:
                yield Fault(f"{at}/retry/{name}/{place}", f"{after} hours are not later than {before}.")
    if servicing.postpone_times_max and not servicing.postpone_days_max:
        yield Fault(f"{at}/postpone_times_max", NO_DAYS)
    if servicing.postpone_days_max and not servicing.postpone_times_max:
        yield Fault(f"{at}/postpone_days_max", NO_TIMES)
    if late is not None and given_up is not None and given_up <= late.grace_days:
        yield Fault(f"{at}/charge_off_days", BEFORE_GRACE)
