"""The record of a training: everything that somebody who has to answer for the scorecard may be asked."""

import hashlib
from pathlib import Path

import msgspec
from msgspec import Struct

from service.learning.past import Columns
from service.learning.profit import Economics
from service.policies.document import Bin, Scorecard


class LearnedBin(Struct, frozen=True):
    """One bin: how its rows ended, how it leans, what it is worth."""

    bin: Bin
    good: int
    bad: int
    weight: float


class Learned(Struct, frozen=True):
    """What was found for one characteristic."""

    feature: str
    information: float
    coefficient: float | None  # None: left out
    bins: tuple[LearnedBin, ...] = ()
    left_out: str = ""  # why


class Fitted(Struct, frozen=True):
    """A scorecard and how it came about; `learned` has every candidate, in their order."""

    scorecard: Scorecard
    learned: tuple[Learned, ...]


class CrossValidation(Struct, frozen=True):
    """The AUC on held-out purchases, over all folds of all repeats, and its spread."""

    folds: int
    repeats: int
    seed: int
    auc_mean: float
    auc_sd: float
    auc_min: float
    auc_max: float
    ks_mean: float


class ProposedGrade(Struct, frozen=True):
    """A grade's lowest score, and who would be in it: of these purchases so many, and so many of them bad."""

    name: str
    score_min: int
    score_min_before: int
    rows: int
    bad_bps: int
    promised_bad_bps: int  # what the scale says of its lowest score


class GradeProposal(Struct, frozen=True):
    """Grades from the cut-off of highest profit, by the economics given. Profits in minor units, of those approved."""

    cut_off: int
    approved: int
    approved_before: int
    profit: int
    profit_before: int
    is_taken: bool  # whether the draft has them
    grades: tuple[ProposedGrade, ...]


class Record(Struct, frozen=True):
    """One training. `auc` is that on the very rows it was fitted to: too good, said for comparison."""

    file: str
    file_sha256: str
    columns: Columns
    without: tuple[str, ...]  # never read
    rows: int
    good: int
    bad: int
    library: str
    scorecard_sha256: str
    auc: float
    cross_validation: CrossValidation
    learned: tuple[Learned, ...]
    economics: Economics = Economics()
    proposal: GradeProposal | None = None  # None: no grades follow from these purchases


def sha256_of(scorecard: Scorecard) -> str:
    """What a record knows its scorecard by."""
    return hashlib.sha256(msgspec.json.encode(scorecard)).hexdigest()


def record_path(policy: Path) -> Path:
    """Where the record of a policy's training is kept: `draft.training.json` beside `draft.json`."""
    return policy.with_suffix(".training.json")


def find_record(policy: Path, scorecard: Scorecard) -> Record | None:
    """The record beside a policy, if it is still that of this scorecard."""
    try:
        record = msgspec.json.decode(record_path(policy).read_bytes(), type=Record)
    except (OSError, msgspec.DecodeError):
        return None
    return record if record.scorecard_sha256 == sha256_of(scorecard) else None
