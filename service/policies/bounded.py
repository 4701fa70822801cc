"""Lists, names and numbers of a policy, and how large they may be. Their prices are counted by `validate_prices`."""

from typing import Annotated, TypeVar

from msgspec import Meta

from service.plans.offer import CAPTURE_DAYS_MAX

T = TypeVar("T")
Few = Annotated[tuple[T, ...], Meta(max_length=20)]
Many = Annotated[tuple[T, ...], Meta(max_length=120)]
Most = Annotated[tuple[T, ...], Meta(max_length=500)]

Word = Annotated[str, Meta(max_length=200)]
Value = Word | int | bool

Name = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9_\-]{0,63}\Z", description="lower case, digits, _ and -")]
GradeName = Annotated[str, Meta(pattern=r"^[A-Z][A-Z0-9]{0,3}\Z", description="A, B, B2")]
Currency = Annotated[str, Meta(pattern=r"^[A-Z]{3}\Z", description="ISO 4217")]
Country = Annotated[str, Meta(pattern=r"^[A-Z]{2}\Z", description="ISO 3166, or EU: whose law binds the offers")]
Days = Annotated[int, Meta(ge=1, le=CAPTURE_DAYS_MAX)]
Length = Annotated[int, Meta(ge=1, le=120, description="number of instalments")]
