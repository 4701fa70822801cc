"""The programme: a partner's contract to fund plans, in one of its versions. Pure."""

from functools import cached_property

from msgspec import Struct, field

from service.partners.funding import Funding
from service.partners.programme_terms import ProgrammeTerms


class Programme(Struct, frozen=True, dict=True):
    """A programme as it is now; an edit is a new version."""

    programme_id: str = field(name="id")
    version: int
    terms: ProgrammeTerms
    active: bool = True  # false: suspended; it takes no plans

    @cached_property
    def funding(self) -> Funding:
        """What a plan keeps of it for life."""
        terms = self.terms
        parts = tuple([one.participation for one in terms.participants])
        return Funding(self.programme_id, self.version, terms.time_zone, terms.cut_off, parts)
