"""From a policy and past purchases to a draft: the same policy with a scorecard learned anew. Pure.

What may be learned is what the policy names: the characteristics of its scorecard, each with the reason it gives and
the promise it makes, and columns added by hand with a reason of their own.
"""

import re
from collections.abc import Iterable, Sequence

from msgspec import Struct
from msgspec.structs import replace

from service.errors import Code, Refused
from service.learning.past import WHOLE
from service.learning.table import Table
from service.policies.document import (
    Bin,
    Characteristic,
    Feature,
    FeatureType,
    Monotone,
    Policy,
    Scorecard,
    Source,
)
from service.policies.features import split_outside
from service.policies.reasons import ReasonCode
from service.policies.validate import faults


class Addition(Struct, frozen=True):
    """A column that becomes a characteristic."""

    column: str
    reason: ReasonCode
    monotone: Monotone | None = None

    @property
    def feature(self) -> str:
        """The policy's name for it."""
        return re.sub(r"[^a-z0-9_]+", "-", self.column.lower()).strip("-_")[:64]


def addition_of(text: str) -> Addition:
    """`property=PROPERTY`, or `income=INCOME:rising`."""
    column, _, rest = text.partition("=")
    reason, _, promise = rest.partition(":")
    if not column or reason not in ReasonCode.__members__ or promise not in ("", *Monotone):
        raise Refused(
            Code.INVALID_FIELD,
            f"{text!r} is no COLUMN=REASON or COLUMN=REASON:rising with a reason of the catalogue, such as INCOME.",
        )
    return Addition(column, ReasonCode(reason), Monotone(promise) if promise else None)


def with_additions(policy: Policy, additions: Sequence[Addition], table: Table) -> Policy:
    """The policy with a feature and a characteristic for each; whole numbers if every cell of it is one."""
    features: list[Feature] = []
    characteristics: list[Characteristic] = []
    for one in additions:
        cells = [row[one.column] for row in table.rows if row[one.column]]
        is_number = bool(cells) and all(WHOLE.fullmatch(cell) for cell in cells)
        type_ = FeatureType.INTEGER if is_number else FeatureType.TEXT
        features.append(Feature(one.feature, type_, Source.ATTRIBUTE, of=one.column))
        characteristics.append(Characteristic(one.feature, one.reason, (Bin(0),), one.monotone))
    card = policy.scorecard
    card = replace(card, characteristics=(*card.characteristics, *characteristics))
    return replace(policy, features=(*policy.features, *features), scorecard=card)


def features_read(policy: Policy) -> list[Feature]:
    """The features that its scorecard reads, and those that ratios among them are made of."""
    features = {feature.name: feature for feature in policy.features}
    names = [characteristic.feature for characteristic in policy.scorecard.characteristics]
    for name in names:
        feature = features[name]
        names += [part for part in (feature.of, feature.over) if feature.source is Source.RATIO and part not in names]
    return [feature for feature in policy.features if feature.name in names]


def keep_out(policy: Policy, without: Iterable[str]) -> Policy:
    """The policy without the characteristics that read a column of `without`, directly or in a ratio."""
    columns = set(without)
    out = {
        feature.name
        for feature in policy.features
        if feature.source is Source.ATTRIBUTE and (feature.of or feature.name) in columns
    }
    for feature in policy.features:  # a ratio stands below what it is made of
        if feature.source is Source.RATIO and {feature.of, feature.over} & out:
            out.add(feature.name)
    card = policy.scorecard
    kept = tuple(one for one in card.characteristics if one.feature not in out)
    if not kept:
        raise Refused(Code.INVALID_POLICY, f"The scorecard of {policy.name!r} names nothing that may be learned.")
    return replace(policy, scorecard=replace(card, characteristics=kept))


def draft_of(policy: Policy, scorecard: Scorecard) -> Policy:
    """The next version, with this scorecard and nothing else changed; features only it would have read are gone,
    and so are the outside sources that nobody reads then. It may have faults."""
    was_read = {feature.name for feature in features_read(policy)} - _read_elsewhere(policy)
    draft = replace(policy, version=policy.version + 1, scorecard=scorecard)
    is_read = {feature.name for feature in features_read(draft)}
    features = tuple(one for one in draft.features if one.name not in was_read or one.name in is_read)
    asked = {split_outside(one.of)[0] for one in features if one.source is Source.OUTSIDE}
    return replace(draft, features=features, outside=tuple(one for one in draft.outside if one.name in asked))


def require_valid(draft: Policy) -> None:
    """Refused where the draft has a fault: a grade that no score of the new scale reaches, for example."""
    found = faults(draft)
    if found:
        at = f" (at {found[0].pointer})" if found[0].pointer else ""
        more = f" And {len(found) - 1} more." if len(found) > 1 else ""
        raise Refused(Code.INVALID_POLICY, f"The draft has a fault: {found[0].sentence}{at}{more}")


def _read_elsewhere(policy: Policy) -> set[str]:
    lists = [one.when for one in policy.rules] + [one.when for one in policy.segments]
    lists += [one.when for one in policy.decreases]
    parts = [
        part for feature in policy.features if feature.source is Source.RATIO for part in (feature.of, feature.over)
    ]
    return {condition.feature for when in lists for condition in when} | set(parts)
