"""Which two letters are a country, and whose law may hold: both sides of every slip."""

import pytest

from service.countries import COUNTRIES, EU_MEMBERS, require_country, require_jurisdiction
from service.errors import Code, Refused
from service.law.book import LAW

SLIPS = ["UK", "EL", "EN", "XX", "ZZ", "AA", "SU", "YU", "TX", "NY", "gb", "GBR", "G", ""]


def test_there_are_as_many_as_the_standard_names() -> None:
    assert len(COUNTRIES) == 249
    assert EU_MEMBERS < COUNTRIES
    assert {row.jurisdiction for row in LAW} - {"EU"} < COUNTRIES


@pytest.mark.parametrize("code", ["GB", "GR", "DE", "US", "CN", "AX", "ZW"])
def test_a_country(code: str) -> None:
    require_country(code, "/country")
    require_jurisdiction(code, "/jurisdiction")


@pytest.mark.parametrize("code", SLIPS)
def test_a_slip_is_refused(code: str) -> None:
    for require in (require_country, require_jurisdiction):
        with pytest.raises(Refused) as refused:
            require(code, "/here")
        assert (refused.value.code, refused.value.pointer) == (Code.INVALID_FIELD, "/here")


def test_the_union_makes_law_and_is_no_country() -> None:
    require_jurisdiction("EU", "/jurisdiction")
    with pytest.raises(Refused):
        require_country("EU", "/country")
