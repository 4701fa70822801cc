"""The demo's policy on its 700 applications: replayed once, by the first test that asks."""

from functools import cache

from service.checkout.answer import Outcome
from service.learning.backtest import Backtest, backtest
from service.learning.past import Columns, past_of, wanted_columns
from service.learning.profit import Economics
from service.learning.replaying import Replayed, replay_all
from service.learning.table import read_table
from service.policies.compile import compile_policy
from tests.learning.cases import APPLICATIONS, NOON, demo_policy


@cache
def demo_replayed() -> tuple[Replayed, ...]:
    """What each of them would have come to."""
    policy = demo_policy()
    table = read_table(APPLICATIONS, wanted_columns(Columns(), policy.features))
    return tuple(replay_all(past_of(table, Columns(), policy.features), compile_policy(policy), Economics(), NOON))


@cache
def demo_backtest() -> Backtest:
    """And all of them together."""
    return backtest(demo_policy(), demo_replayed(), None)


def approves(score: int, is_good: bool, *, profit: int | None = 10, approved: bool = True) -> Replayed:
    """One application; a good one was paid back."""
    return Replayed(is_good, score, Outcome.APPROVED if approved else Outcome.DECLINED, False, "other", profit)
