"""Settings, read once from the environment and passed on.

`CannotStart` is the one exception of the machine room: its text is the sentence a person reads before we exit.
"""

import os
import secrets
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import parse_qs, urlsplit

import msgspec

from service import hosts
from service.alone import USUAL, AloneMax, alone_max
from service.exposure import is_guessable, open_cache, open_database
from service.reach import Reach


class CannotStart(Exception):
    """Something about this machine or its settings is in the way; the text says what, and what to do."""


class Environment(StrEnum):
    """Production refuses every convenience: no embedded servers, no secret made up, nothing open on the network."""

    DEVELOPMENT = "development"
    PRODUCTION = "production"


class LogForm(StrEnum):
    """How lines of the log are written."""

    JSON = "json"
    TEXT = "text"


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What the service is told from outside. Each field names its variable in `VARIABLES`."""

    environment: Environment = Environment.DEVELOPMENT
    database_url: str | None = None
    listen_url: str | None = None  # of the same database, past a pooler: changes are announced there
    migrate_url: str | None = None  # of the role that owns the tables; None: it is the one that serves
    redis_url: str | None = None
    host: str = "127.0.0.1"
    port: int = 8000
    metrics_port: int | None = None  # None: the port above `port` if it is free; 0: none
    workers: int = 1  # HTTP processes
    pool_size: int = 12  # PostgreSQL connections a process, its committers included
    sync_standbys: int = 0  # standbys that have a commit before it is acknowledged, at least
    key_rate: int = 2_000  # requests a second of one API key, over all processes; 0: as many as it likes
    key_under_way: int = 128  # ... and at once, in each process; 0: as many as it likes
    drain_s: int = 1  # from being told to stop until nothing more is taken: balancers notice meanwhile
    sandbox: bool = False  # a caller may set the clock: `Tenor-Clock`
    allow_private: bool = False  # gateways and processors may be on this machine and on private networks
    outside_ports: tuple[int, ...] = (443,)  # at which gateways and processors are called
    keep_events_days: int = 400
    keep_decisions_days: int = 2_192  # that opened no plan; six years
    keep_deliveries_days: int = 30  # of webhooks, once they ended
    keep_enquiries_days: int = 2_192  # whose decision is gone
    keep_audit_days: int = 3_653  # entries of the audit log; ten years
    keep_positions_days: int = 400  # rows of daily positions; the files that hold the same are kept longer
    keep_files_days: int = 3_653  # the bytes of partners' daily files
    keep_received_days: int = 3_653  # the rows of what partners sent
    log: LogForm | None = None  # None: JSON in production, unless a person sits at the terminal
    data: Path = Path(".local")  # embedded servers, demo, anything we keep on this machine
    key_secret: str = ""  # API keys are stored as HMAC-SHA256 under it
    key_secret_before: str = ""  # another under which they are accepted, while one takes the other's place
    data_secret: str = ""  # wraps the keys that personal data is sealed with
    data_secret_before: str = ""  # the one before it, while both are in use; empty: none
    audit_secret: str = ""  # the audit log is sealed under it
    oidc_issuer: str = ""  # the OpenID Connect provider that knows operators; empty: they come with keys
    oidc_audience: str = ""  # for whom its tokens are made: us
    alone_max: AloneMax = USUAL  # the highest limit that one operator sets, the most that one moves
    messenger_url: str | None = None  # the operator's own sender of messages, which brings consumers their codes
    messenger_key: str = ""  # by which it knows us
    facades: tuple[str, ...] = ()  # whose clients are answered in their own words: alma, afterpay, wechat
    processor_keys: str = ""  # of processors that speak a protocol of their own: name=key,name=key

    @property
    def production(self) -> bool:
        """True where every convenience is refused."""
        return self.environment is Environment.PRODUCTION

    @property
    def owner_url(self) -> str:
        """Where the role that owns the tables connects."""
        return self.migrate_url or self.database_url or ""

    @property
    def reach(self) -> Reach:
        """Where gateways and processors may be."""
        return Reach(frozenset(self.outside_ports), self.allow_private)


def read(environ: Mapping[str, str]) -> Settings:
    """The settings in `environ`. A variable that is missing or empty takes its default.

    Raises `CannotStart` with a sentence for the first value that makes no sense.
    """
    given = {name: environ[name].strip() for name in VARIABLES if environ.get(name, "").strip()}
    fields = {VARIABLES[name][0]: VARIABLES[name][1](name, value) for name, value in given.items()}
    settings = Settings(**({"workers": min(_cpus(), 4)} | fields))  # type: ignore[arg-type]
    if bool(settings.oidc_issuer) != bool(settings.oidc_audience):
        raise CannotStart("TENOR_OIDC_ISSUER and TENOR_OIDC_AUDIENCE go together: whose tokens, and made for whom.")
    if settings.production:
        _refuse_convenience(settings, given)
    return settings


def log_form(environ: Mapping[str, str], *, is_watched: bool) -> LogForm:
    """How this process writes its log: before anything else is read. `is_watched`: by a person."""
    if given := environ.get("TENOR_LOG", "").strip():
        return _one_of(LogForm)("TENOR_LOG", given)
    is_production = environ.get("TENOR_ENV", "").strip() == Environment.PRODUCTION
    return LogForm.JSON if is_production and not is_watched else LogForm.TEXT


def environment(settings: Settings) -> dict[str, str]:
    """The variables that read back as `settings`: how a child process is told."""
    values = {name: getattr(settings, field) for name, (field, _) in VARIABLES.items()}
    return {name: _write(value) for name, value in values.items() if value is not None}


def processor_key(settings: Settings, name: str) -> str:
    """The key that a processor has given us; empty: none."""
    pairs = (pair.partition("=") for pair in settings.processor_keys.split(","))
    return next((key.strip() for found, _, key in pairs if found.strip() == name), "")


def with_secrets(settings: Settings) -> Settings:
    """In development, a missing secret is made once and kept in the data folder, readable by its owner alone."""
    missing = [name for name in ("key_secret", "audit_secret", "data_secret") if not getattr(settings, name)]
    return msgspec.structs.replace(settings, **{name: _kept_secret(settings, name) for name in missing})


def _kept_secret(settings: Settings, name: str) -> str:
    path = settings.data / name
    try:
        settings.data.mkdir(parents=True, exist_ok=True)
        try:
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(secrets.token_hex(32))
        except FileExistsError:
            pass  # made before, by us or by a process that was faster
        kept = path.read_text().strip()
    except OSError as error:
        raise CannotStart(f"The data folder {settings.data} cannot be used: {error.strerror}.") from error
    return _secret(str(path), kept)


def _refuse_convenience(settings: Settings, given: Mapping[str, str]) -> None:
    """What is fine on a desk and not with people's money: raises `CannotStart` for the first of it."""
    for name in ("DATABASE_URL", "REDIS_URL", "TENOR_KEY_SECRET", "TENOR_DATA_SECRET", "TENOR_AUDIT_SECRET"):
        if name not in given:
            raise CannotStart(f"{name} is missing: TENOR_ENV=production makes nothing up.")
    if settings.sandbox:
        raise CannotStart("TENOR_SANDBOX is 1: in TENOR_ENV=production nobody may set the clock; leave it out.")
    for name in ("TENOR_KEY_SECRET", "TENOR_AUDIT_SECRET", "TENOR_DATA_SECRET", "TENOR_DATA_SECRET_BEFORE"):
        if name in given and is_guessable(given[name]):
            raise CannotStart(f"{name} can be guessed; take a random one, like that of `openssl rand -hex 32`.")
    if settings.audit_secret == settings.key_secret:
        raise CannotStart("TENOR_AUDIT_SECRET is TENOR_KEY_SECRET; whoever has one must not have the other with it.")
    for name in ("DATABASE_URL", "TENOR_MIGRATE_URL", "TENOR_LISTEN_URL"):
        for url in hosts.each(given[name]) if name in given else ():
            if fault := open_database(urlsplit(url)):
                raise CannotStart(f"{name} {fault}")
    if settings.oidc_issuer.startswith("http:"):
        raise CannotStart("TENOR_OIDC_ISSUER would tell who operators are unencrypted; write https://.")
    if settings.allow_private:
        raise CannotStart("TENOR_ALLOW_PRIVATE is 1: in TENOR_ENV=production no call goes to a private network.")
    for one in hosts.each(given["REDIS_URL"]):
        if fault := open_cache(urlsplit(one)):
            raise CannotStart(f"REDIS_URL {fault}")


def _cpus() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _write(value: object) -> str:
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    return str(int(value)) if isinstance(value, bool) else str(value)


# One reader per kind of value: the variable's name and its text in, the value or a sentence out.


K = TypeVar("K", bound=StrEnum)


def _one_of(kind: type[K]) -> Callable[[str, str], K]:
    def parse(name: str, text: str) -> K:
        if text not in list(kind):
            raise CannotStart(f"{name} is {text!r}; it must be {' or '.join(kind)}.")
        return kind(text)

    return parse


def _boolean(name: str, text: str) -> bool:
    if text not in ("0", "1"):
        raise CannotStart(f"{name} is {text!r}; it must be 0 or 1.")
    return text == "1"


def _whole(least: int, most: int) -> Callable[[str, str], int]:
    def parse(name: str, text: str) -> int:
        if text.isascii() and text.isdigit() and len(text) < 10 and least <= int(text) <= most:
            return int(text)
        raise CannotStart(f"{name} is {text!r}; it must be a whole number from {least} to {most}.")

    return parse


def _url(*schemes: str) -> Callable[[str, str], str]:
    def parse(name: str, text: str) -> str:
        # The value is not repeated: it may hold a password, and this sentence goes to a log.
        try:
            each = [urlsplit(one) for one in hosts.each(text)]
            whole = all(one.scheme in schemes and (one.netloc or one.path.strip("/") or one.query) for one in each)
            _ = [one.port for one in each]
        except ValueError:
            whole = False
        if not whole:
            raise CannotStart(f"{name} is not a URL that starts with {' or '.join(f'{s}://' for s in schemes)}.")
        return text

    return parse


def _database_url(name: str, text: str) -> str:
    urls = hosts.each(_url("postgresql", "postgres")(name, text))
    if len(urls) > 1 and parse_qs(urlsplit(text).query).get("target_session_attrs") not in (
        ["read-write"],
        ["primary"],
    ):
        raise CannotStart(f"{name} names several hosts; write ?target_session_attrs=read-write, to find the primary.")
    return text


def _secret(name: str, text: str) -> str:
    if len(text) < 32:
        raise CannotStart(f"{name} is too short to be a secret; give it 32 characters or more.")
    return text


def _keys(name: str, text: str) -> str:
    # Its parts are not repeated: they are secrets.
    if not all(all(part.strip() for part in pair.partition("=")) for pair in text.split(",")):
        raise CannotStart(f"{name} is not of the form name=key, with commas between several.")
    return text


def _ports(name: str, text: str) -> tuple[int, ...]:
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isascii() and part.isdigit() and len(part) < 6 and 0 < int(part) < 65_536 for part in parts):
        raise CannotStart(f"{name} is {text!r}; it must be ports from 1 to 65535, with commas between several.")
    return tuple(map(int, parts))


def _alone_max(name: str, text: str) -> AloneMax:
    try:
        return alone_max(text)
    except ValueError as wrong:
        raise CannotStart(f"{name}: {str(wrong)!r} is no CURRENCY:amount, nor a last number for all others.") from None


def _facades(name: str, text: str) -> tuple[str, ...]:
    parts = tuple(part.strip() for part in text.split(","))
    if set(parts) <= set(FACADES) and len(set(parts)) == len(parts):
        return parts
    raise CannotStart(f"{name} is {text!r}; it must be some of {', '.join(FACADES)}, with commas between several.")


def _text(_: str, text: str) -> str:
    return text


FACADES: Final = ("alma", "afterpay", "wechat")  # whose clients we can answer in their own words
KEPT: Final = {"events": 30, "deliveries": 1, "decisions": 30, "enquiries": 30, "audit": 30, "positions": 31,
               "files": 31, "received": 31}  # at least so many days  # fmt: skip
VARIABLES: Final[dict[str, tuple[str, Callable[[str, str], object]]]] = {
    "TENOR_ENV": ("environment", _one_of(Environment)),
    "DATABASE_URL": ("database_url", _database_url),
    "TENOR_LISTEN_URL": ("listen_url", _database_url),
    "TENOR_MIGRATE_URL": ("migrate_url", _database_url),
    "REDIS_URL": ("redis_url", _url("redis", "rediss", "unix")),
    "TENOR_HOST": ("host", _text),
    "PORT": ("port", _whole(0, 65535)),  # 0: any free port
    "TENOR_METRICS_PORT": ("metrics_port", _whole(0, 65535)),
    "TENOR_WORKERS": ("workers", _whole(1, 256)),
    "TENOR_POOL_SIZE": ("pool_size", _whole(8, 500)),
    "TENOR_SYNC_STANDBYS": ("sync_standbys", _whole(0, 100)),
    "TENOR_KEY_RATE": ("key_rate", _whole(0, 1_000_000)),
    "TENOR_KEY_UNDER_WAY": ("key_under_way", _whole(0, 1_000_000)),
    "TENOR_DRAIN_S": ("drain_s", _whole(0, 600)),
    "TENOR_SANDBOX": ("sandbox", _boolean),
    "TENOR_ALLOW_PRIVATE": ("allow_private", _boolean),
    "TENOR_OUTSIDE_PORTS": ("outside_ports", _ports),
    **{f"TENOR_KEEP_{of.upper()}_DAYS": (f"keep_{of}_days", _whole(least, 36_500)) for of, least in KEPT.items()},
    "TENOR_LOG": ("log", _one_of(LogForm)),
    "TENOR_DATA": ("data", lambda _, text: Path(text)),
    "TENOR_KEY_SECRET": ("key_secret", _secret),
    "TENOR_KEY_SECRET_BEFORE": ("key_secret_before", _secret),
    "TENOR_DATA_SECRET": ("data_secret", _secret),
    "TENOR_DATA_SECRET_BEFORE": ("data_secret_before", _secret),
    "TENOR_AUDIT_SECRET": ("audit_secret", _secret),
    "TENOR_OIDC_ISSUER": ("oidc_issuer", _url("https", "http")),
    "TENOR_OIDC_AUDIENCE": ("oidc_audience", _text),
    "TENOR_ALONE_MAX": ("alone_max", _alone_max),
    "TENOR_FACADES": ("facades", _facades),
    "TENOR_MESSENGER_URL": ("messenger_url", _url("https", "http")),
    "TENOR_MESSENGER_KEY": ("messenger_key", _secret),
    "TENOR_PROCESSOR_KEYS": ("processor_keys", _keys),
}
