"""A training from end to end: what the policy lets us learn, the scorecard, its validation, and the record of it."""

from collections.abc import Sequence
from datetime import datetime

import sklearn
from msgspec.structs import replace

from service.checkout.measures import Judged, power_of
from service.learning.draft import draft_of, require_valid
from service.learning.fitting import Candidate, fit_scorecard
from service.learning.grading import best_cut_off, grades_from, proposal_of
from service.learning.past import Columns, Past
from service.learning.profit import Economics
from service.learning.record import CrossValidation, GradeProposal, Record, sha256_of
from service.learning.replaying import facts_of, replay_all
from service.learning.table import Table
from service.learning.validating import cross_validate
from service.policies.compile import compile_policy
from service.policies.document import Policy
from service.policies.scorecard import ready_scorecard
from service.policies.validate import faults


def train(
    policy: Policy,
    table: Table,
    columns: Columns,
    past: Sequence[Past],
    without: Sequence[str],
    seed: int,
    now: datetime,
    economics: Economics,
    *,
    keeps_grades: bool = False,
) -> tuple[Policy, Record]:
    """A draft of the policy with a scorecard learned from `past`, and the record of its training.

    Its grades begin at the cut-off of highest profit, unless they shall be kept or would earn less.
    Only the characteristics that the policy has are learned. The same input and seed give the same draft, byte for
    byte. Refused where nothing can be learned, or where the draft would have a fault.
    """
    facts, good = facts_of(past, compile_policy(policy), now), [one.is_good for one in past]
    candidates = candidates_of(policy)
    fitted = fit_scorecard(candidates, facts, good, policy.scorecard)
    draft, proposal = _graded(draft_of(policy, fitted.scorecard), past, economics, now, keeps_grades)
    require_valid(draft)
    card = ready_scorecard(fitted.scorecard, {one.feature.name: one.slot for one in candidates})
    own = power_of([Judged(card.score(row), ending, True) for row, ending in zip(facts, good, strict=True)])
    record = Record(
        file=table.name,
        file_sha256=table.sha256,
        columns=columns,
        without=tuple(without),
        rows=len(past),
        good=sum(good),
        bad=len(good) - sum(good),
        library=f"scikit-learn {sklearn.__version__}",
        scorecard_sha256=sha256_of(draft.scorecard),
        auc=round(float(own.auc), 4),
        cross_validation=cross_validate(candidates, facts, good, policy.scorecard, seed),
        learned=fitted.learned,
        economics=economics,
        proposal=proposal,
    )
    return draft, record


def _graded(
    draft: Policy, past: Sequence[Past], economics: Economics, now: datetime, keeps_grades: bool
) -> tuple[Policy, GradeProposal | None]:
    """The draft with the grades proposed, where it takes them, and the proposal; None: there is none."""
    before = replay_all(past, compile_policy(draft), economics, now)
    cut_off = best_cut_off(before)
    grades = None if cut_off is None else grades_from(draft, cut_off)
    if grades is None or faults(graded := replace(draft, grades=grades)):
        return draft, None
    after = replay_all(past, compile_policy(graded), economics, now)
    proposal = proposal_of(draft, graded, before, after, is_taken=False)
    if keeps_grades or proposal.profit < proposal.profit_before:
        return draft, proposal
    return graded, replace(proposal, is_taken=True)


def validate_again(policy: Policy, past: Sequence[Past], seed: int, now: datetime) -> CrossValidation:
    """The cross-validation of the policy's characteristics on purchases it may have been fitted to."""
    facts, good = facts_of(past, compile_policy(policy), now), [one.is_good for one in past]
    return cross_validate(candidates_of(policy), facts, good, policy.scorecard, seed)


def candidates_of(policy: Policy) -> list[Candidate]:
    """What its scorecard reads, to be learned anew."""
    slots = {feature.name: slot for slot, feature in enumerate(policy.features)}
    return [
        Candidate(one, policy.features[slots[one.feature]], slots[one.feature])
        for one in policy.scorecard.characteristics
    ]
