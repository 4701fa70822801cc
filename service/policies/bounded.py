"""Lists and texts of a policy, and how long they may be. How many prices they come to, `validate_prices` bounds."""

from typing import Annotated, TypeVar

from msgspec import Meta

T = TypeVar("T")
Few = Annotated[tuple[T, ...], Meta(max_length=20)]
Many = Annotated[tuple[T, ...], Meta(max_length=120)]
Most = Annotated[tuple[T, ...], Meta(max_length=500)]

Word = Annotated[str, Meta(max_length=200)]
Value = Word | int | bool
