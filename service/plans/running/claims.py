"""A claim stands between merchant and consumer: while it is open nothing else is claimed or given back."""

from msgspec.structs import replace

from service.errors import Code, Refused
from service.plans.running.deposit_facts import Claim, ClaimClosed, ClaimContested, ClaimLowered, ClaimMade, ClaimState
from service.plans.running.facts import Amended, AnyFact, Captured, GivenBack
from service.plans.running.standing import Standing


def went_on(standing: Standing, fact: ClaimMade | ClaimContested | ClaimLowered | ClaimClosed) -> None:
    """One more step of it."""
    match fact:
        case ClaimMade():
            _made(standing, fact)
        case ClaimContested():
            _contested(standing, fact)
        case ClaimLowered():
            _lowered(standing, fact)
        case ClaimClosed():
            claim = _open(standing, fact.claim_id)
            standing.claim = replace(claim, state=fact.outcome, taken=0, closed_on=fact.on)


def wait(standing: Standing, fact: AnyFact) -> None:
    """Refused: what is to wait until the claim is closed, and a settlement of no claim that is open."""
    if not isinstance(fact, Captured | GivenBack | Amended):
        return
    settles = fact.claim_id if isinstance(fact, Captured) else ""
    if settles:
        _open(standing, settles)
    elif standing.open_claim is not None:
        raise Refused(Code.STATE_FORBIDS, until_when(standing.open_claim))


def settled(standing: Standing, fact: Captured) -> None:
    """What was captured is what was taken for the claim."""
    if fact.claim_id:
        claim = _open(standing, fact.claim_id)
        taken = fact.amount + fact.from_held
        standing.claim = replace(claim, state=ClaimState.SETTLED, taken=taken, closed_on=fact.on)


def until_when(claim: Claim) -> str:
    """A claim that is open, in a sentence, and what would close it."""
    said = f"{claim.amount} minor units are claimed since {claim.made.on}"
    if claim.state is ClaimState.CONTESTED:
        return f"{said} and contested: the lender decides, or the merchant withdraws or lowers the claim."
    until = claim.made.contest_until
    return f"{said}: they are taken after {until} unless the consumer contests or the merchant withdraws the claim."


def _made(standing: Standing, fact: ClaimMade) -> None:
    """One at a time, and of no more than is left."""
    if standing.open_claim is not None:
        raise Refused(Code.STATE_FORBIDS, until_when(standing.open_claim))
    if fact.amount > standing.remaining:
        sentence = f"{fact.amount} is more than the {standing.remaining} minor units of deposit that are left."
        raise Refused(Code.AMOUNT_EXCEEDS_AUTHORIZED, sentence, "/amount")
    standing.claim = Claim(fact, fact.amount, fact.lines, ClaimState.MADE)


def _contested(standing: Standing, fact: ClaimContested) -> None:
    """Once, and in time."""
    claim = _open(standing, fact.claim_id)
    if claim.state is ClaimState.CONTESTED:
        raise Refused(Code.STATE_FORBIDS, "The claim is contested already: the lender decides.")
    if fact.on > claim.made.contest_until:
        raise Refused(Code.STATE_FORBIDS, f"The claim could be contested until {claim.made.contest_until}.")
    standing.claim = replace(claim, state=ClaimState.CONTESTED, words=fact.words)


def _lowered(standing: Standing, fact: ClaimLowered) -> None:
    """To less than before, and more than nothing."""
    claim = _open(standing, fact.claim_id)
    if fact.amount >= claim.amount:
        sentence = f"{claim.amount} minor units are claimed: it is lowered to less, or withdrawn."
        raise Refused(Code.AMOUNT_EXCEEDS_AUTHORIZED, sentence, "/amount")
    standing.claim = replace(claim, amount=fact.amount, lines=fact.lines)


def _open(standing: Standing, claim_id: str) -> Claim:
    claim = standing.claim
    if claim is None or claim.made.id != claim_id:
        raise Refused(Code.STATE_FORBIDS, "Nothing of this deposit is claimed.")
    if standing.open_claim is None:
        raise Refused(Code.STATE_FORBIDS, f"The claim was closed on {claim.closed_on}: {claim.state}.")
    return claim
