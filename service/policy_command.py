"""`tenor policy check FILE`, `tenor policy schema`, `tenor policy class`: a policy in an editor, before it is drafted.

A file may name the schema, so that an editor checks it as it is written:

    tenor policy schema > policy.schema.json
    {"$schema": "./policy.schema.json", "id": "po_...", ...}
"""

import argparse
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Final

import msgspec

from service import clock
from service.contract.schemas import document_schema
from service.countries import require_jurisdiction
from service.errors import Refused
from service.money import EXPONENTS, spelled
from service.policies.document import Policy
from service.policies.fault import Fault
from service.policies.scope import Credit, scope_of
from service.policies.validate import read_policy

SMALL: Final = 100  # main units: a limit or a highest price below it was probably meant in main units
USAGE: Final = (
    "usage: tenor policy check FILE [--on 2026-01-15]; tenor policy schema; "
    "tenor policy class --jurisdiction GB --amount 30000 --days 60"
)


def main(argv: list[str]) -> int:
    """Say what is wrong with a policy; print the JSON Schema that an editor checks it by, or the class of a product."""
    match argv[:1]:
        case ["check"]:
            return _check(argv[1:])
        case ["schema"]:
            return _schema(argv[1:])
        case ["class"]:
            return _class(argv[1:])
        case ["-h" | "--help"]:
            print(f"{USAGE}\n\n{main.__doc__}")
            return 0
        case _:
            print(USAGE, file=sys.stderr)
            return 2


def _class(argv: list[str]) -> int:
    """Which class of the law a credit is of, for `product_class` of a policy; whether it is regulated, and why."""
    parser = argparse.ArgumentParser(prog="tenor policy class", description=_class.__doc__)
    parser.add_argument("--jurisdiction", required=True, help="ISO 3166, or EU")
    parser.add_argument("--on", help="the day it is signed, 2026-01-15 (default: today)")
    parser.add_argument("--amount", type=int, required=True, help="minor units of the jurisdiction's currency")
    parser.add_argument("--instalments", type=int, default=1, help="how many (default: 1)")
    parser.add_argument("--days", type=int, required=True, help="until all is paid, if it is paid when due")
    parser.add_argument("--cost", action="store_true", help="interest or a fee is charged")
    parser.add_argument("--seller-lends", action="store_true", help="the seller itself waits for its money")
    parser.add_argument(
        "--large-online-seller", action="store_true", help="no small or medium enterprise, at a distance"
    )
    given = parser.parse_args(argv)
    try:
        on = date.fromisoformat(given.on) if given.on else clock.now().date()
        require_jurisdiction(given.jurisdiction, "--jurisdiction")
    except ValueError:
        print(f"tenor policy: {given.on!r} is no date like 2026-01-15.", file=sys.stderr)
        return 2
    except Refused as refused:
        print(f"tenor policy: {refused.detail}", file=sys.stderr)
        return 2
    credit = Credit(
        given.jurisdiction, on, given.amount, given.instalments, given.days, given.cost, not given.seller_lends,
        given.large_online_seller,
    )  # fmt: skip
    print(msgspec.json.format(msgspec.json.encode(scope_of(credit))).decode())
    return 0


def _check(argv: list[str]) -> int:
    """All faults of a policy, one a line with its place: exit code 0 if there is none, 1 if there are some, 2 if it
    cannot be read. What only looks wrong is told after them."""
    parser = argparse.ArgumentParser(prog="tenor policy check", description=_check.__doc__)
    parser.add_argument("file", type=Path, metavar="POLICY.json", help="the policy; - is standard input")
    parser.add_argument("--on", help="held against the law of this day, 2026-01-15 (default: today)")
    given = parser.parse_args(argv)
    try:
        on = date.fromisoformat(given.on) if given.on else clock.now().date()
        raw = sys.stdin.buffer.read() if str(given.file) == "-" else given.file.read_bytes()
    except ValueError:
        print(f"tenor policy: {given.on!r} is no date like 2026-01-15.", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"tenor policy: {given.file} cannot be read: {error.strerror}.", file=sys.stderr)
        return 2
    policy, found = read_policy(raw, on)
    hints = list(doubtful_amounts(policy)) if policy else []
    for said, faults in (("", found), ("perhaps: ", hints)):
        for fault in faults:
            print(f"{given.file}{fault.pointer and f' at {fault.pointer}'}: {said}{fault.sentence}")
    if policy and not found:
        print(f"{given.file}: {policy.name!r} has no fault, held against the law of {on.isoformat()}.")
    return 1 if found else 0


def _schema(argv: list[str]) -> int:
    """The JSON Schema of a policy, with a sentence for every field that has one."""
    argparse.ArgumentParser(prog="tenor policy schema", description=_schema.__doc__).parse_args(argv)
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(document_schema(Policy)), indent=2).decode() + "\n")
    return 0


def doubtful_amounts(policy: Policy) -> Iterator[Fault]:
    """Limits and prices that are so low that somebody may have written main units: 600 for 600.00 EUR."""
    amounts = [(f"/limits/{place}/limit", row.limit, row.currency) for place, row in enumerate(policy.limits)]
    for name, rows in (
        ("instalments", policy.instalments),
        ("pay_after_use", policy.pay_after_use),
        ("deposits", policy.deposits),
    ):
        amounts += [(f"/{name}/{place}/amount_max", row.amount_max, row.currency) for place, row in enumerate(rows)]
    for pointer, amount, currency in amounts:
        if currency in EXPONENTS and 0 < amount < SMALL * 10 ** EXPONENTS[currency]:
            yield Fault(pointer, f"{spelled(amount, currency)}: amounts are minor units.")
