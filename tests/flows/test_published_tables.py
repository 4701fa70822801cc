"""Published tables that round nothing but the print, on real plans: their minor unit is a ten-thousandth of a cent."""

from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from service.terms.terms import Terms
from tests.flows.published import RealPlan, policy_of, publish
from tests.flows.world import World
from tests.plans.published_schedules import START_ON, cases, commission_terms, monthly, scalar_terms

SCALE = 1_000_000  # minor units of an amount of one
OFF_EACH = 2  # each instalment rounds its interest and its total once
COMMISSION = [case for case in cases() if case["id"].startswith("EC15-")]
PARTS = {"pmt": "total", "ppmt": "principal", "ipmt": "interest"}
LIBRARY = [case for case in cases() if case["id"].startswith("NPF-")]


def listed(terms: Terms) -> Terms:
    """As a price list says it: the first due date so many days after the start."""
    if terms.first_due_on is None:
        return terms
    return replace(terms, first_due_on=None, first_due_days=(terms.first_due_on - START_ON).days)


def minor(amount: str) -> int:
    return int(Decimal(amount) * SCALE)


def close_to(found: int, published: str, rounded: int) -> bool:
    """Within half a unit of the last digit that was printed, and what `rounded` roundings may add up to."""
    decimals = len(published.partition(".")[2])
    half = Decimal(SCALE).scaleb(-decimals) / 2
    return abs(found - Decimal(published) * SCALE) <= half + OFF_EACH * rounded


async def schedules(world: World, products: dict[str, tuple[Terms, int]]) -> dict[str, list[dict[str, Any]]]:
    """The schedule of a captured plan of each product, as it is read back."""
    await publish(world, policy_of(products))
    read = {}
    for name, (_, amount) in products.items():
        real = RealPlan(world, name, amount, START_ON)
        await real.open()
        await real.do(world.merchant, "capture", amount=amount)
        read[name] = (await real.seen(START_ON))["schedule"]
    return read


async def test_the_commissions_tables_agree_on_real_plans(world: World) -> None:
    products = {case["id"]: (listed(commission_terms(case)), minor(case["loan"]["principal"])) for case in COMMISSION}
    read = await schedules(world, products)
    for case in COMMISSION:
        opening = products[case["id"]][1]
        for number, (row, published) in enumerate(zip(read[case["id"]], case["rows"], strict=False), 1):
            closing = opening - row["principal"]
            found = {
                "opening": opening, "interest": row["interest"], "capital": row["principal"],
                "instalment": row["principal"] + row["interest"], "closing": closing,
            }  # fmt: skip
            wrong = {name: amount for name, amount in found.items() if not close_to(amount, published[name], number)}
            assert not wrong, (case["id"], number, wrong, published)
            opening = closing


async def test_the_librarys_annuities_agree_on_real_plans(world: World) -> None:
    products: dict[str, tuple[Terms, int]] = {}
    asked: list[tuple[str, int, str, str]] = []  # product, number of the instalment, which part, published
    for case in LIBRARY:
        if loan := case.get("loan"):
            products[case["id"]] = monthly(int(loan["periods"]), loan["annual_rate_percent"]), minor(loan["principal"])
            for row in case["rows"]:
                asked += [(case["id"], int(row["period"]), part, row[part]) for part in ("interest", "principal")]
            continue
        for row in case["rows"]:
            function, terms, number, principal = scalar_terms(row["what"])
            name = f"{case['id']} {len(products)}"
            products[name] = listed(terms), minor(principal)
            asked.append((name, number, PARTS[function], row["expected"]))
    read = await schedules(world, products)
    for name, number, part, published in asked:
        row = read[name][number - 1]
        found = row["principal"] + row["interest"] if part == "total" else row[part]
        assert close_to(found, published.lstrip("-"), number), (name, number, part, found, published)
