"""What PostgreSQL raises when nobody is at fault but the machine: work that met one of these may be tried again."""

import asyncpg

# The connection is gone. `InternalClientError` stands outside the usual families and means a server that died
# in the middle of an answer.
LOST = (OSError, TimeoutError, asyncpg.PostgresConnectionError, asyncpg.InterfaceError, asyncpg.InternalClientError)

# The server is leaving or coming back, has no room, or chose us to break a deadlock.
PASSING = (
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.InsufficientResourcesError,
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    asyncpg.QueryCanceledError,
    asyncpg.LockNotAvailableError,
)
