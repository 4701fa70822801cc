"""Whether who bears a loss still stands, when it is looked at again. Pure.

What else the tiers have used meanwhile changes nothing of what they bear; but a claim that was decided does, and so
does money that a tier does not have any more.
"""

from collections.abc import Sequence

from service.support.cover import Limit, Used
from service.support.recovering import Recovery
from service.support.waterfall import Allocation, Tier


def is_decided_anew(borne: Allocation, used: Sequence[Used]) -> bool:
    """Whether a claim was decided since."""
    return any(
        now.granted is not None
        and (one.amount > now.granted or (one.limit is Limit.NOT_GRANTED and one.amount != now.granted))
        for one, now in zip(borne.tiers, used, strict=True)
    )


def is_short(
    tiers: Sequence[Tier], borne: Allocation, recoveries: Sequence[Recovery], used: Sequence[Used]
) -> bool:  # fmt: skip
    """Whether a tier has less than it bears: what had come back, and was paid out for another loss, did not come after
    all. `recoveries` are those that stand."""
    for number, (tier, one, now) in enumerate(zip(tiers, borne.tiers, used, strict=True)):
        back = sum(recovery.tiers[number] for recovery in recoveries) if tier.terms.reinstatable else 0
        if tier.terms.funded and one.amount - back > now.available:
            return True
    return False
