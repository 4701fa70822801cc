"""Past purchases for the sample policy: a table of a few rows that differ in what a test says. Amounts in euros."""

from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Final

from service.learning.past import Columns, Past, past_of
from service.learning.table import Table
from service.policies.document import Policy
from service.policies.validate import read_policy
from tests.policies.sample import POLICY

NOON: Final = datetime(2026, 3, 2, 12, tzinfo=UTC)
DEMO: Final = Path(__file__).parents[2] / "service" / "demo"
APPLICATIONS: Final = DEMO / "applications.csv"
DEMO_POLICY: Final = DEMO / "policy.json"
PROTECTED: Final = ("personal_status_and_sex", "foreign_worker")

COLUMNS: Final = Columns(outcome="ended", good="well", amount="euros", instalments="months", category="for")
# Grade A with 630 points, so up to 5,000.00: six months at 9.9 %, or pay-in-4.
GOOD: Final = {
    "ended": "well", "euros": "600", "months": "6", "for": "sofa",
    "age": "40", "job": "fine", "owner": "no", "verified": "yes", "sex": "f",
}  # fmt: skip


def table(*changes: dict[str, str]) -> Table:
    """One row for each of `changes`, and a last one that ended badly, so that there are both endings."""
    return Table("past.csv", "", tuple(GOOD | change for change in (*changes, {"ended": "badly"})))


def past(*changes: dict[str, str], policy: Policy = POLICY.policy) -> list[Past]:
    """The rows of `table` as checkouts, without the last."""
    return past_of(table(*changes), COLUMNS, policy.features)[:-1]


@cache
def demo_policy() -> Policy:
    """The demo's, which is without a fault."""
    policy, _ = read_policy(DEMO_POLICY.read_bytes())
    assert policy is not None
    return policy
