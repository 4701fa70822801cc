"""How long anything may take.

Who waits for another waits longer than the other, so that the answer comes from the one who knows most:

    0.3 s   a lane's statement waits for a lock no longer, and others go first  LANE_LOCK_S
    1.3 s   PostgreSQL ends a lane's statement by itself                        STATEMENT_S
    1.5 s   a lane hears no answer, and drops its connection                    ANSWER_S
    1.9 s   a lane gives up, and says what it knows of the outcome              PATIENCE_S
    2.2 s   a request is answered, whatever it still waits for                  REQUEST_S
    4 s     a process that takes nothing more has waited for its requests       DRAIN_S
    7 s     the supervisor ends a process that has not stopped by itself        STOP_S

Before the last two a process that is told to stop still takes requests for as long as TENOR_DRAIN_S says.

A request's time begins when all of it is here. A route whose work may be long says so: `opt={"scope": ..., **LONG}`.
"""

from typing import Final

LANE_LOCK_S: Final = 0.3
STATEMENT_S: Final = 1.3
ANSWER_S: Final = 1.5
PATIENCE_S: Final = 1.9
REQUEST_S: Final = 2.2
DRAIN_S: Final = 4
STOP_S: Final = 7
NOTICED_S: Final = 0.2  # from the signal until all processes have heard of it

CONNECT_S: Final = 2.0  # to one PostgreSQL connection; it may be longer than any batch waits for it
LOCK_S: Final = 1.5  # any other statement for a lock
SIDING_LOCK_S: Final = 0.1  # work that is tried again and again while somebody holds its account
SIDING_ALONE_S: Final = 1.0  # the same, where nobody waits behind it: PostgreSQL lets those first who wait longest
CACHE_S: Final = 0.05  # to an answer of Redis, without which all goes on
READY_S: Final = 1.5  # whether PostgreSQL is well: who asks gives up after 2
CLOSE_S: Final = 1.0  # to part from PostgreSQL in good order
SPREAD_S: Final = 8.0  # on a cluster, what no lane does: each statement goes to several machines
LONG_S: Final = 300  # files, the day's close, policies: each of their statements is bounded besides

LONG: Final = {"budget_s": LONG_S}
