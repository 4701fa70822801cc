"""What PostgreSQL raises when nobody is at fault but the machine: work that met one of these may be tried again."""

import asyncpg

from service.clusters import has_shards_alone
from service.db import Connection
from service.logs import what as what  # beside what it is said of

# The connection is gone. `InternalClientError` stands outside the usual families and means a server that died
# in the middle of an answer.
LOST = (OSError, TimeoutError, asyncpg.PostgresConnectionError, asyncpg.InterfaceError, asyncpg.InternalClientError)

# The server is leaving or coming back, has no room, is no longer the primary, or chose us to break a deadlock.
PASSING = (
    asyncpg.InternalServerError,  # a cluster's node that died is told so: something inside does not work now
    asyncpg.OperatorInterventionError,  # shutting down, crashed, starting, a statement cancelled or out of time
    asyncpg.InsufficientResourcesError,
    asyncpg.PostgresSystemError,  # a disc does not answer; a cluster's node died while rows were copied to it
    asyncpg.TransactionRollbackError,  # deadlock, serialization
    asyncpg.LockNotAvailableError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.TransactionTimeoutError,
)

# Work that locked nothing was overtaken by somebody: nothing of it was written, and with locks it goes on.
OVERTAKEN = (asyncpg.TransactionRollbackError, asyncpg.IntegrityConstraintViolationError)


class BeyondTheShard(Exception):
    """The work needs more than there is on the machine of its shard. Nothing was done; another lane does it."""


def need_all(conn: Connection) -> None:
    """Of work that asks tables which on a cluster only the coordinator has: raises `BeyondTheShard` elsewhere."""
    if has_shards_alone(conn):
        raise BeyondTheShard


def was_undone(error: BaseException) -> bool:
    """Whether the server itself says that it has undone the statement: whatever ends the session may come after it."""
    return isinstance(error, asyncpg.PostgresError) and getattr(error, "severity_en", None) == "ERROR"
