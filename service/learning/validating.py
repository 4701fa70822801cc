"""How good a scorecard is on purchases it was not fitted to: fitted again and again, each time without some of them.

Everything is learned anew in every fold, the bins too, and measured in the whole points that would be published.
"""

from collections.abc import Sequence
from statistics import mean, stdev
from typing import Final

from sklearn.model_selection import RepeatedStratifiedKFold

from service.checkout.measures import Judged, power_of
from service.errors import Code, Refused
from service.learning.fitting import Candidate, fit_scorecard
from service.learning.record import CrossValidation
from service.policies.document import Scorecard
from service.policies.features import Fact
from service.policies.scorecard import ready_scorecard

FOLDS: Final = 5
REPEATS: Final = 5


def cross_validate(
    candidates: Sequence[Candidate],
    facts: Sequence[Sequence[Fact]],
    good: Sequence[bool],
    scale: Scorecard,
    seed: int,
) -> CrossValidation:
    """Stratified k-fold cross-validation, repeated; the same seed gives the same folds."""
    rarer = min(sum(good), len(good) - sum(good))
    if rarer < FOLDS:
        raise Refused(
            Code.INVALID_FILE, f"{FOLDS} folds need {FOLDS} good and {FOLDS} bad endings; of one there are {rarer}."
        )
    slots = {one.feature.name: one.slot for one in candidates}
    folds = RepeatedStratifiedKFold(n_splits=FOLDS, n_repeats=REPEATS, random_state=seed)
    powers = []
    for learn, test in folds.split(list(good), list(good)):
        fitted = fit_scorecard(candidates, [facts[i] for i in learn], [good[i] for i in learn], scale)
        card = ready_scorecard(fitted.scorecard, slots)
        powers.append(power_of([Judged(card.score(facts[i]), good[i], True) for i in test]))
    areas = [float(power.auc) for power in powers]
    return CrossValidation(
        FOLDS,
        REPEATS,
        seed,
        round(mean(areas), 4),
        round(stdev(areas), 4),
        round(min(areas), 4),
        round(max(areas), 4),
        round(mean(float(power.ks) for power in powers), 4),
    )
