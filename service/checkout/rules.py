"""What can stand against a checkout whatever is offered. Every rule speaks, so a person hears every reason at once."""

from collections.abc import Callable, Iterable
from typing import Final

from msgspec import Struct

from service.checkout.case import Case
from service.checkout.persona import DOES
from service.insurance.supply import stopping
from service.plans.offer import Kind
from service.policies.document import Verdict
from service.policies.reasons import Direction, Ground, ReasonCode


class Finding(Struct, frozen=True):
    """What a rule has to say. With `kinds` it stops those alone."""

    verdict: Verdict
    ground: Ground
    kinds: tuple[Kind, ...] = ()


Rule = Callable[[Case], Iterable[Finding]]


def merchant_is_active(case: Case) -> Iterable[Finding]:
    """A merchant that is switched off sells nothing on credit."""
    return () if case.merchant.active else (_declined(ReasonCode.MERCHANT_INACTIVE),)


def currency_is_served(case: Case) -> Iterable[Finding]:
    """The policy has limits in this currency."""
    served = case.request.currency in case.policy.currencies
    return () if served else (_declined(ReasonCode.CURRENCY_NOT_SERVED),)


def person_is_not_paused(case: Case) -> Iterable[Finding]:
    """In hardship, or dead, nobody buys on credit before somebody has looked at it; no merchant is told why."""
    return (Finding(Verdict.REFER, Ground(ReasonCode.REVIEW_NEEDED)),) if case.snapshot.is_paused else ()


def insurers_let_it_be_supplied(case: Case) -> Iterable[Finding]:
    """Who is later than an insurer of the merchant's sales lets a debtor be extended is supplied no more."""
    known = case.snapshot
    if not known.insured or stopping(known.insured, known.next_due_on, case.today) is None:
        return ()
    return (_declined(ReasonCode.STOP_SUPPLY),)


def needed_facts_are_there(case: Case) -> Iterable[Finding]:
    """A fact the policy cannot do without is present and of its type."""
    facts = case.facts
    return [
        Finding(verdict, Ground(ReasonCode.INFORMATION_MISSING, feature, Direction.ABSENT))
        for place, feature, verdict in case.policy.facts.needed
        if facts[place] is None
    ]


def no_rule_of_the_policy_holds(case: Case) -> Iterable[Finding]:
    """The policy's own rules, in its order."""
    facts = case.facts
    return [Finding(rule.verdict, rule.ground, rule.kinds) for rule in case.policy.rules if rule.holds(facts)]


def score_is_enough(case: Case) -> Iterable[Finding]:
    """The score reaches a grade that may buy; if not, the principal reasons are where it lost most."""
    verdict = Verdict.DECLINE if case.grade is None else case.grade.verdict
    if verdict is Verdict.APPROVE:
        return ()
    grounds = case.policy.scorecard.principal_reasons(case.facts)
    if verdict is Verdict.REFER:
        grounds = [Ground(ReasonCode.REVIEW_NEEDED), *grounds]
    return [Finding(verdict, ground) for ground in grounds]


def persona_is_approved(case: Case) -> Iterable[Finding]:
    """A test merchant's consumer is declined or referred where that is what it shows."""
    assert case.snapshot.persona
    part = DOES[case.snapshot.persona]
    return (Finding(part.verdict, part.ground),) if part.ground else ()


RULES: Final[tuple[Rule, ...]] = (
    merchant_is_active,
    currency_is_served,
    person_is_not_paused,
    insurers_let_it_be_supplied,
    needed_facts_are_there,
    no_rule_of_the_policy_holds,
    score_is_enough,
)
RULES_OF_A_PERSONA: Final[tuple[Rule, ...]] = (merchant_is_active, currency_is_served, persona_is_approved)


def findings_of(case: Case) -> list[Finding]:
    """What all the rules say, in their order."""
    rules = RULES_OF_A_PERSONA if case.snapshot.persona else RULES
    return [finding for rule in rules for finding in rule(case)]


def _declined(code: ReasonCode) -> Finding:
    return Finding(Verdict.DECLINE, Ground(code))
