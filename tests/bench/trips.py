"""How often a request waits for PostgreSQL, counted between the two: messages to the server that wait for an answer.

What the service asks for itself, every two seconds, may fall into a request: so each is made several times, and the
fewest count.
"""

import asyncio
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from msgspec.structs import replace

from tests.bench.cast import PRICE, Person, ask
from tests.engine.proxy import Proxy

if TYPE_CHECKING:
    from tests.bench.stage import Stage

WARM: Final = 8  # purchases: statements are prepared, and PostgreSQL has made plans of them that it keeps
TIMES: Final = 5


def count(stage: "Stage") -> dict[str, int]:
    """By request; the decision is on somebody who is known."""
    with _proxied(stage.settings.database_url or "") as proxy, stage.one_more(database_url=proxy.url) as service:
        counted = [_buy(stage, proxy, service.port, stage.buyers.pop()) for _ in range(WARM + TIMES)][WARM:]
    return {what: min(one[what] for one in counted) for what in counted[0]}


def _buy(stage: "Stage", proxy: Proxy, port: int, person: Person) -> dict[str, int]:
    """The round trips of each request of a purchase."""
    cast, trips = stage.cast, {}

    def asked(what: str, request: bytes) -> dict[str, Any]:
        before = proxy.trips
        answer = ask(port, request)
        trips[what] = proxy.trips - before
        return answer

    ask(port, cast.checkout(person))
    decision = asked("decide", cast.checkout(person))
    plan = asked("open", cast.acceptance(replace(person, decision_id=decision["id"])))["id"]
    asked("capture", cast.capture(person, plan, PRICE))
    asked("pay", cast.payment(person, plan))
    return trips


@contextmanager
def _proxied(url: str) -> Iterator[Proxy]:
    """What counts, in a thread: the block itself waits for answers."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        with tempfile.TemporaryDirectory(prefix="tenor-trips-") as folder:  # a short path: it holds a socket
            proxy = Proxy(url, Path(folder))
            asyncio.run_coroutine_threadsafe(proxy.open(), loop).result()
            try:
                yield proxy
            finally:
                asyncio.run_coroutine_threadsafe(proxy.close(), loop).result()
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
