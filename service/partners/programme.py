"""The programme: a partner's contract to fund plans, in one of its versions. Pure."""

from functools import cached_property

from msgspec import Struct, field

from service.partners.funding import Funding
from service.partners.programme_terms import ProgrammeTerms


class Cover(Struct, frozen=True, omit_defaults=True):
    """A cover set in which a programme's plans are enrolled."""

    cover_set_id: str
    sanctioned: int  # minor units of principal that it takes at most
    revolving: bool = False  # at a time, not ever
    is_open: bool = True  # false: it is frozen, or its arrangement suspended: the programme takes no plans


class Programme(Struct, frozen=True, dict=True, omit_defaults=True):
    """A programme as it is now; an edit is a new version."""

    programme_id: str = field(name="id")
    version: int
    terms: ProgrammeTerms
    active: bool = True  # false: suspended; it takes no plans
    covers: tuple[Cover, ...] = ()  # those that its terms name

    @property
    def is_covered(self) -> bool:
        """Whether each set that its plans are enrolled in still takes some."""
        return all(one.is_open for one in self.covers)

    @cached_property
    def funding(self) -> Funding:
        """What a plan keeps of it for life."""
        terms = self.terms
        parts = tuple([one.participation for one in terms.participants])
        return Funding(self.programme_id, self.version, terms.time_zone, terms.cut_off, parts)
