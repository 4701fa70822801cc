"""A change of an account's limit: from what to what, by which rule, by whom, when. Kept for ever."""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct


class LimitRule(StrEnum):
    """Why a limit is another one. The check `limit_changes_rule_is_known` says the same."""

    OPERATOR = "operator"  # set by hand
    STEP = "step"  # the policy's table gives more, after so many plans paid off
    DECREASE = "decrease"  # a decrease of the policy holds


class LimitChange(Struct, frozen=True):
    """One change. Amounts in minor units of the account's currency."""

    version: int  # the account's, which this change made
    limit_before: int | None  # null: it opened the account
    limit: int
    rule: LimitRule
    decrease: str | None  # its name in the policy; null: by another rule
    policy_id: str | None  # whose rule it is; null: an operator's own will
    policy_version: int | None  # its version
    changed_by: str | None  # the key; null: the day's close
    changed_at: datetime  # when
