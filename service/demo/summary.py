"""The table a person reads after the first day."""

from collections import defaultdict
from typing import Any

import msgspec
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from service.demo.made_up import CATEGORIES
from service.demo.seed import CURRENCY, Demo
from service.money import decimal_text

OUTCOMES = ("approved", "referred", "declined")


def show(
    console: Console,
    demo: Demo,
    summary: dict[str, Any],
    trial_balance: dict[str, Any],
    payouts: list[dict[str, Any]],
    reconciliations: dict[str, Any],
    bearers: list[dict[str, Any]],
    accounts: list[dict[str, Any]],
    kept_in: str,
) -> None:
    """Decisions by purpose, plans, exposure, one person's accounts at two shops, the ledger's balance, what merchants
    were paid, who bears the losses, the partner's verdicts with what was found; then how to go on."""
    console.print(decisions_table(summary["decisions"]))
    console.print(plans_table(summary["plans"]))
    if bearers:
        console.print(losses_table(bearers, demo))
    for row in summary["exposure"]:
        console.print(
            f" Exposure       {row['accounts']} accounts: limit {_money(row['limit'])}, used {_money(row['used'])}, "
            f"reserved {_money(row['reserved'])}"
        )
    console.print(f" One person     {one_limit(accounts)}")
    console.print(f" Trial balance  {_money(trial_balance['total'])} over {len(trial_balance['accounts'])} accounts")
    for line in payout_lines(payouts):
        console.print(f" Merchants      {line}")
    for row in reconciliations["reconciliations"]:
        console.print(f" Partner        {row['business_on']}: [bold]{row['verdict']}[/bold], {row['our_items']} items")
        for line in found_lines(row["found"]):
            console.print(f"                {line}")
    console.print()
    for name, value in msgspec.structs.asdict(demo).items():
        console.print(f" {name:<20} {value}", highlight=False)
    console.print(
        f"""
 All of these are kept in {kept_in}. To go on, in another terminal:

   key=$(sed -n 's/.*"operator_key": "\\(.*\\)".*/\\1/p' {kept_in})
   curl -s -H "Authorization: Bearer $key" {demo.base_url}/v1/operator/summary
   curl -s {demo.base_url}/openapi.yaml
""",
        highlight=False,
    )


def payout_lines(payouts: list[dict[str, Any]]) -> list[str]:
    """How many payouts are in which state, and what they come to."""
    by_state: dict[str, list[int]] = defaultdict(list)
    for one in payouts:
        by_state[one["state"]].append(one["amount"])
    return [f"{len(amounts)} payouts {state}: {_money(sum(amounts))}" for state, amounts in sorted(by_state.items())]


def found_lines(found: list[dict[str, Any]]) -> list[str]:
    """What did not match: its class, what it is about, theirs less ours."""
    return [f"{one['kind']}: {one['key']}, {_money(one['amount'])}" for one in found]


def one_limit(accounts: list[dict[str, Any]]) -> str:
    """What each shop sees of one person's account: the same."""
    seen = {(one["limit"], one["available"]) for one in accounts}
    told = " and ".join(f"{_money(limit)}, {_money(available)} of it available" for limit, available in sorted(seen))
    return f"known at {len(accounts)} shops by one number: {'a limit' if len(seen) == 1 else 'limits'} of {told}"


def decisions_table(rows: list[dict[str, Any]]) -> Table:
    """A line for each purpose: how many were decided which way, how much was asked. What is made up stands apart."""
    counts: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in rows:
        counts[row["category"]][row["outcome"]] += row["decisions"]
        counts[row["category"]]["amount"] += row["amount"]
    table = Table("Purpose", *(outcome.capitalize() for outcome in OUTCOMES), "Rate", "Asked", box=SIMPLE_HEAD)
    for column in table.columns[1:]:
        column.justify = "right"
    _add_section(table, {name: one for name, one in counts.items() if name not in CATEGORIES}, "All")
    _add_section(table, {name: one for name, one in counts.items() if name in CATEGORIES}, "All made up")
    return table


def _add_section(table: Table, counts: dict[str, dict[str, int]], name: str) -> None:
    for purpose in sorted(counts, key=lambda purpose: -sum(counts[purpose][outcome] for outcome in OUTCOMES)):
        table.add_row(purpose.capitalize(), *_cells(counts[purpose]))
    total = {key: sum(one[key] for one in counts.values()) for key in (*OUTCOMES, "amount")}
    table.add_section()
    table.add_row(name, *_cells(total), style="bold")
    table.add_section()


def _cells(counts: dict[str, int]) -> list[str]:
    decided = sum(counts[outcome] for outcome in OUTCOMES)
    rate = f"{100 * counts['approved'] // decided} %" if decided else ""
    return [*(str(counts[outcome]) for outcome in OUTCOMES), rate, _money(counts["amount"])]


def losses_table(rows: list[dict[str, Any]], demo: Demo) -> Table:
    """Who bears how much of the losses, in the order in which they are asked; last we, with what was written off."""
    table = Table("Losses are borne by", "Amount", "Came back", box=SIMPLE_HEAD)
    for column in table.columns[1:]:
        column.justify = "right"
    sums: dict[str, list[int]] = {}
    for row in rows:
        whose = "Spree Bank, by its share" if row["bearer_id"] == demo.partner_id else "Ourselves"
        borne = sums.setdefault(row["name"] or whose, [0, 0])
        borne[0] += row["amount"]
        borne[1] += row["back"]
    for name, (amount, back) in sums.items():
        table.add_row(name, _money(amount), _money(back))
    table.add_section()
    table.add_row("All", *(_money(sum(one[place] for one in sums.values())) for place in (0, 1)), style="bold")
    return table


def plans_table(rows: list[dict[str, Any]]) -> Table:
    """A line for each state of a plan, with what is still owed and what is late."""
    table = Table("Plans", "Count", "Amount", "Still owed", "Overdue plans", "Overdue", box=SIMPLE_HEAD)
    for column in table.columns[1:]:
        column.justify = "right"
    for row in rows:
        table.add_row(
            f"{row['kind']}, {row['state']}".replace("_", " ").capitalize(),
            str(row["plans"]),
            _money(row["amount"]),
            _money(row["outstanding"]),
            str(row["overdue_plans"]),
            _money(row["overdue"]),
        )
    table.add_section()
    sums = [sum(row[name] for row in rows) for name in ("plans", "amount", "outstanding", "overdue_plans", "overdue")]
    table.add_row("All", str(sums[0]), _money(sums[1]), _money(sums[2]), str(sums[3]), _money(sums[4]), style="bold")
    return table


def _money(amount: int) -> str:
    whole, _, cents = decimal_text(abs(amount), CURRENCY).partition(".")
    return f"{'-' if amount < 0 else ''}{int(whole):,}.{cents}"
