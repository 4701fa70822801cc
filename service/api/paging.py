"""What is asked of a list: to go on after the last id of the page before, and so many at most."""

from typing import Annotated, Final

from litestar.params import QueryParameter

PAGE_MAX: Final = 1_000

After = Annotated[str, QueryParameter(pattern=r"^([a-z]{2}_[0-9A-HJKMNP-TV-Z]{26})?\Z")]
Limit = Annotated[int, QueryParameter(ge=1, le=PAGE_MAX)]
