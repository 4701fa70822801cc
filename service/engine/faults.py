"""What PostgreSQL raises when nobody is at fault but the machine: work that met one of these may be tried again."""

import asyncpg

# The connection is gone. `InternalClientError` stands outside the usual families and means a server that died
# in the middle of an answer.
LOST = (OSError, TimeoutError, asyncpg.PostgresConnectionError, asyncpg.InterfaceError, asyncpg.InternalClientError)

# The server is leaving or coming back, has no room, is no longer the primary, or chose us to break a deadlock.
PASSING = (
    asyncpg.OperatorInterventionError,  # shutting down, crashed, starting, a statement cancelled or out of time
    asyncpg.InsufficientResourcesError,
    asyncpg.TransactionRollbackError,  # deadlock, serialization
    asyncpg.LockNotAvailableError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.IdleInTransactionSessionTimeoutError,
)


def what(error: BaseException) -> str:
    """The error for a log. PostgreSQL's own words may repeat the row they are about, which is a person's: left out."""
    if isinstance(error, asyncpg.PostgresError):
        constraint = getattr(error, "constraint_name", None)
        return " ".join(filter(None, (type(error).__name__, error.sqlstate, constraint)))
    return repr(error)


def traceback_of(error: BaseException) -> BaseException | None:
    """Where it happened, for a log; not for PostgreSQL's errors, whose traceback ends in those words."""
    return None if isinstance(error, asyncpg.PostgresError) else error
