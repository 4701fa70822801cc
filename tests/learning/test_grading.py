"""The cut-off of highest profit, and where grades begin."""

from msgspec.structs import replace

from service.checkout.answer import Outcome
from service.learning.grading import best_cut_off, grades_from, proposal_of
from service.learning.record import ProposedGrade
from service.learning.replaying import Replayed
from service.policies.document import Grade, Verdict
from service.policies.scorecard import ready_scorecard
from tests.policies.sample import POLICY

DOCUMENT = POLICY.policy


def bought(score: int, profit: int | None, *, is_good: bool = True, outcome: Outcome = Outcome.APPROVED) -> Replayed:
    return Replayed(is_good, score, outcome, False, "other", profit)


def test_the_cut_off_is_where_one_less_would_cost() -> None:
    rows = [bought(620, 100), bought(600, 50), bought(580, -20), bought(560, 30), bought(540, -500), bought(700, None)]
    assert best_cut_off(rows) == 560  # 580 costs 20, and 560 brings 30
    assert best_cut_off(rows[:3]) == 600
    assert best_cut_off([bought(600, 50), bought(580, 0)]) == 580  # of two that bring the same, the one for more people
    assert best_cut_off([bought(700, None)]) is None


def test_each_better_grade_has_twice_the_odds() -> None:
    approving = tuple(Grade(name, score) for name, score in (("A", 600), ("B", 580)))
    policy = replace(DOCUMENT, grades=(*approving, Grade("R", 550, Verdict.REFER)))
    wide = replace(policy, scorecard=replace(policy.scorecard, points_to_double_odds=10))
    assert [(one.name, one.score_min) for one in grades_from(wide, 570) or ()] == [("A", 580), ("B", 570), ("R", 540)]


def test_where_there_is_little_room_they_stand_closer() -> None:
    policy = replace(DOCUMENT, grades=tuple(Grade(name, score) for name, score in (("A", 600), ("B", 580))))
    card = policy.scorecard
    highest = ready_scorecard(card, {one.feature: 0 for one in card.characteristics}).score_max
    assert [one.score_min for one in grades_from(policy, highest - 11) or ()] == [highest - 6, highest - 11]
    assert grades_from(policy, highest - 1) is None
    assert grades_from(policy, 100_000) is None


def test_a_proposal_says_who_would_be_in_each_grade() -> None:
    graded = replace(DOCUMENT, grades=(Grade("A", 600), Grade("B", 560)))
    policy = replace(DOCUMENT, grades=(Grade("A", 650), Grade("B", 500)))
    before = [bought(610, 10), bought(570, -7, is_good=False), bought(520, -9, is_good=False)]
    after = [*before[:2], replace(before[2], outcome=Outcome.DECLINED)]
    told = proposal_of(policy, graded, before, after, is_taken=True)
    assert (told.cut_off, told.approved, told.approved_before) == (560, 2, 3)
    assert (told.profit, told.profit_before) == (3, -6)
    (best, worst) = told.grades
    assert (best.name, best.score_min, best.score_min_before, best.rows, best.bad_bps) == ("A", 600, 650, 1, 0)
    assert isinstance(worst, ProposedGrade)
    assert (worst.rows, worst.bad_bps) == (1, 10_000)
    assert worst.promised_bad_bps > best.promised_bad_bps
