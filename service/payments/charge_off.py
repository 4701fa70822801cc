"""Giving up: charging a plan off, or letting go of what is owed."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from service.payments.rows import Row, RowKind
from service.plans.allocation_rule import Component
from service.plans.changes import moves
from service.plans.terms import ChargeOff

if TYPE_CHECKING:
    from service.payments.replaying import Replaying

PRINCIPAL, INTEREST = Component.PRINCIPAL, Component.INTEREST


def charge_off(replaying: Replaying, on: date) -> None:
    """Interest no longer follows payments; the terms say what happens to the rows."""
    if replaying.terms.charge_off is ChargeOff.NO_MORE_INTEREST:
        _drop_unearned(replaying, on)
    elif replaying.terms.charge_off is ChargeOff.ALL_DUE:
        _all_due(replaying, on)
    replaying.closed = True


def forgive(replaying: Replaying, on: date) -> None:
    """Nothing is owed any more."""
    for row in replaying.rows:
        row.forgiven += row.outstanding
        row.mark(on)
    replaying.closed = True


def earned_until(replaying: Replaying, row: Row, on: date) -> int:
    """The interest of a running row up to `on`."""
    if row.course is not None and row.period is not None and replaying.recalculates:
        return moves.due_if_paid(row.course, row.period, on).interest
    owed = row.left(INTEREST)
    return owed * (on - row.begin).days // (row.due_on - row.begin).days


def _drop_unearned(replaying: Replaying, on: date) -> None:
    """Unearned interest becomes principal of its row, and the last rows give up as much principal."""
    for row in replaying.rows:
        if row.due_on <= on or row.kind is not RowKind.INSTALMENT:
            continue
        kept = earned_until(replaying, row, on) if row.begin <= on else row.paid[INTEREST]
        row.owed[PRINCIPAL] += row.owed[INTEREST] - kept
        row.owed[INTEREST] = kept
    instalments = [row for row in replaying.rows if row.kind is RowKind.INSTALMENT]
    excess = sum(row.owed[PRINCIPAL] for row in instalments) - sum(c.total_lent() for c in replaying.courses)
    for row in reversed(instalments):
        less = min(excess, row.left(PRINCIPAL))
        row.owe(PRINCIPAL, -less, on)
        excess -= less


def _all_due(replaying: Replaying, on: date) -> None:
    """The running row ends on the day and takes the principal of those after it."""
    later = [row for row in replaying.rows if row.due_on > on and row.kind is RowKind.INSTALMENT]
    if not later:
        return
    running, gone = later[0], later[1:]
    running.owed[INTEREST] = earned_until(replaying, running, on)
    running.due_on = on
    for row in gone:
        for component in (PRINCIPAL, Component.FEE, Component.PENALTY):
            running.owed[component] += row.owed[component]
        for component in Component:
            running.paid[component] += row.paid[component]
        running.paid_early += row.paid_early
    replaying.rows = [row for row in replaying.rows if row not in gone]
    running.settled_on = None
    running.mark(on)
