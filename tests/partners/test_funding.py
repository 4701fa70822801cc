"""A plan keeps its funding without what is as it is where nothing is said, and reads the same again."""

from datetime import date
from decimal import Decimal

import msgspec
import pytest

from service.partners.funding import OWN_MONEY, Funding, Owner, Participation, ScheduleType, Totals, kept

SOLD = Owner("ow_1", False, "pa_1", "pa_2", None, date(2026, 3, 1), 420_00, 0, 400_00, 0, 0, Totals(lent=600_00))
EACH = (
    OWN_MONEY,
    Funding("pr_1", 2, "Europe/Berlin", participations=(Participation("pa_1", 7_000, 7_000),)),
    Funding("pr_1", 1, "Europe/Berlin", "17:30", (Participation("pa_1", 10_000, 9_000, 5_000, 1),), is_counted=True),
    Funding(participations=(Participation("", 4_000), Participation("pa_2", 6_000, owners=(SOLD,)))),
    Funding(
        "pr_1", 1, participations=(
            Participation("pa_1", 5_000, 0, 0, 0, ScheduleType.OWN_RATE, Decimal("4.5"), 100, (1, 3)),
        )
    ),
)  # fmt: skip


@pytest.mark.parametrize("funding", EACH)
def test_what_is_kept_of_it_reads_the_same(funding: Funding) -> None:
    assert msgspec.json.decode(kept(funding), type=Funding) == funding
    assert len(kept(funding)) < len(msgspec.json.encode(funding))


def test_what_sql_counts_with_is_always_said() -> None:
    assert kept(OWN_MONEY) == '{"participations":[]}'
    (part,) = msgspec.json.decode(kept(Funding(participations=(Participation("pa_1", 7_000),))))["participations"]
    assert part == {
        "partner_id": "pa_1", "principal_bps": 7_000, "interest_bps": 0, "schedule_type": "same_instalment"
    }  # fmt: skip
