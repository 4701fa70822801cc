"""Settings from the environment: every bad value has its sentence."""

import hashlib
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service import config
from service.config import CannotStart, Environment, Settings

SECRET = "s" * 32
PRODUCTION = {
    "TENOR_ENV": "production",
    "DATABASE_URL": "postgresql://tenor:hush@db:5432/tenor?sslmode=require",
    "REDIS_URL": "rediss://:hush@cache:6379/0",
    "TENOR_KEY_SECRET": "5e0c1f2a9b7d4863a1c4f00d9e8b7265",
    "TENOR_DATA_SECRET": "c7a91e5d3f6482b0d8e5a2710f4b9c36",
    "TENOR_AUDIT_SECRET": "b07a1f6ce95d42838e6fa2d41c7093b8",
}


def test_an_empty_environment_is_development() -> None:
    settings = config.read({})
    assert settings.environment is Environment.DEVELOPMENT
    assert (settings.host, settings.port, settings.sandbox) == ("127.0.0.1", 8000, False)
    assert 1 <= settings.workers <= 4


def test_an_empty_value_is_a_missing_value() -> None:
    assert config.read({"PORT": " ", "DATABASE_URL": ""}) == config.read({})


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("TENOR_ENV", "prod", "development or production"),
        ("PORT", "65536", "from 0 to 65535"),
        ("PORT", "-1", "from 0 to 65535"),
        ("PORT", "8_000", "from 0 to 65535"),
        ("PORT", "٣", "from 0 to 65535"),
        ("PORT", "9" * 5000, "from 0 to 65535"),
        ("TENOR_WORKERS", "0", "from 1 to 256"),
        ("TENOR_SANDBOX", "yes", "0 or 1"),
        ("TENOR_OUTSIDE_PORTS", "443,", "from 1 to 65535"),
        ("TENOR_OUTSIDE_PORTS", "0", "from 1 to 65535"),
        ("TENOR_OUTSIDE_PORTS", "443 8443", "from 1 to 65535"),
        ("TENOR_OUTSIDE_PORTS", "65536", "from 1 to 65535"),
        ("DATABASE_URL", "mysql://db/tenor", "postgresql://"),
        ("DATABASE_URL", "postgresql://", "postgresql://"),
        ("DATABASE_URL", "postgresql://db:port/tenor", "postgresql://"),
        ("DATABASE_URL", "postgresql://one:5432,two:port/tenor?target_session_attrs=read-write", "postgresql://"),
        ("DATABASE_URL", "postgresql://one:5432,two:5432/tenor", "target_session_attrs=read-write"),
        ("DATABASE_URL", "postgresql://one,two/tenor?target_session_attrs=any", "target_session_attrs=read-write"),
        ("TENOR_LISTEN_URL", "tenor", "postgresql://"),
        ("TENOR_POOL_SIZE", "7", "from 8 to 500"),
        ("TENOR_SYNC_STANDBYS", "-1", "from 0 to 100"),
        ("REDIS_URL", "localhost:6379", "redis://"),
        ("REDIS_URL", "redis://one:6379,two:no", "redis://"),
        ("TENOR_KEY_SECRET", "s" * 31, "32 characters"),
        ("TENOR_OIDC_ISSUER", "https://id.example", "go together"),
        ("TENOR_OIDC_ISSUER", "id.example", "https://"),
        ("TENOR_ALONE_MAX", "-1", "'-1' is no CURRENCY:amount"),
        ("TENOR_ALONE_MAX", "EUR:1,EUR:2", "'EUR:2' is no"),
        ("TENOR_ALONE_MAX", "XXX:1", "'XXX:1' is no"),
        ("TENOR_ALONE_MAX", "1,EUR:1", "'1' is no"),
        ("TENOR_ALONE_MAX", "EUR:1,", "'' is no"),
        ("TENOR_DATA_SECRET", "s" * 31, "32 characters"),
        ("TENOR_DATA_SECRET_BEFORE", "s" * 31, "32 characters"),
        ("TENOR_PROCESSOR_KEYS", "stripe", "name=key"),
        ("TENOR_PROCESSOR_KEYS", "stripe=", "name=key"),
        ("TENOR_PROCESSOR_KEYS", "stripe=sk_1,", "name=key"),
    ],
)
def test_a_bad_value_has_a_sentence(name: str, value: str, says: str) -> None:
    with pytest.raises(CannotStart) as refused:
        config.read({name: value})
    assert str(refused.value).startswith(name)
    assert says in str(refused.value)


@pytest.mark.parametrize(
    ("text", "of"),
    [
        ("50000", {"EUR": 500_00, "JPY": 50_000}),
        ("EUR:50000, JPY:1500000, 100", {"EUR": 500_00, "JPY": 1_500_000, "KWD": 100}),
        ("EUR:50000", {"EUR": 500_00, "JPY": 0}),
        ("", {"EUR": 10_000_00, "JPY": 1_500_000, "VND": 250_000_000, "KWD": 100_000, "XPF": 100_000}),
    ],
)
def test_what_one_moves_alone_by_currency(text: str, of: dict[str, int]) -> None:
    settings = config.read({"TENOR_ALONE_MAX": text})
    assert {currency: settings.alone_max.of(currency) for currency in of} == of
    assert config.read(config.environment(settings)).alone_max == settings.alone_max


@pytest.mark.parametrize("name", ["DATABASE_URL", "TENOR_KEY_SECRET", "TENOR_DATA_SECRET"])
def test_a_sentence_never_repeats_a_secret(name: str) -> None:
    with pytest.raises(CannotStart) as refused:
        config.read({name: "hush"})
    assert "hush" not in str(refused.value)


@pytest.mark.parametrize(
    "missing", ["DATABASE_URL", "REDIS_URL", "TENOR_KEY_SECRET", "TENOR_AUDIT_SECRET", "TENOR_DATA_SECRET"]
)
def test_production_makes_nothing_up(missing: str) -> None:
    assert config.read(PRODUCTION).production
    with pytest.raises(CannotStart, match=missing):
        config.read({name: value for name, value in PRODUCTION.items() if name != missing})


OPEN = [
    ("TENOR_SANDBOX", "1", "set the clock"),
    ("TENOR_ALLOW_PRIVATE", "1", "private network"),
    ("TENOR_KEY_SECRET", "k" * 32, "guessed"),
    ("TENOR_DATA_SECRET", "d" * 32, "guessed"),
    ("TENOR_DATA_SECRET_BEFORE", "d" * 32, "guessed"),
    ("TENOR_AUDIT_SECRET", "k" * 32, "guessed"),
    ("TENOR_AUDIT_SECRET", PRODUCTION["TENOR_KEY_SECRET"], "is TENOR_KEY_SECRET"),
    ("TENOR_KEY_SECRET", "passwordpasswordpasswordpassword", "guessed"),
    ("TENOR_KEY_SECRET", "0123456789abcdef" * 2, "guessed"),
    ("TENOR_KEY_SECRET", "abcdefghijklmnopqrstuvwxyz123456", "guessed"),
    ("DATABASE_URL", "postgresql:///tenor", "names no host"),
    ("DATABASE_URL", "postgresql://tenor@db/tenor?sslmode=require", "no password"),
    ("DATABASE_URL", "postgresql://tenor:hush@db/tenor", "unencrypted"),
    ("DATABASE_URL", "postgresql://tenor:hush@db/tenor?sslmode=prefer", "unencrypted"),
    ("DATABASE_URL", "postgresql://tenor:hush@db/tenor?sslmode=disable", "unencrypted"),
    ("DATABASE_URL", "postgresql://tenor:hush@127.0.0.1/tenor", "unencrypted"),
    ("DATABASE_URL", "postgresql:///tenor?host=db&password=hush", "unencrypted"),
    ("DATABASE_URL", "postgresql://:hush@one,/tenor?sslmode=require&target_session_attrs=primary", "names no host"),
    ("TENOR_LISTEN_URL", "postgresql://tenor@db/tenor?sslmode=require", "no password"),
    ("TENOR_LISTEN_URL", "postgresql://tenor:hush@db/tenor", "unencrypted"),
    ("REDIS_URL", "redis://127.0.0.1:6379/0", "no password"),
    ("REDIS_URL", "rediss://cache:6379/0", "no password"),
    ("REDIS_URL", "redis://:hush@cache:6379/0", "unencrypted"),
    ("REDIS_URL", "redis://:hush@127.0.0.1:6379,cache:6379", "unencrypted"),
]
CLOSED = [
    ("TENOR_SANDBOX", "0"),
    ("TENOR_ALLOW_PRIVATE", "0"),
    ("TENOR_OUTSIDE_PORTS", "443, 8443"),
    ("TENOR_KEY_SECRET", "correct horse battery staple, and 1 more"),
    ("DATABASE_URL", "postgresql://tenor:hush@db/tenor?sslmode=verify-full"),
    ("DATABASE_URL", "postgresql://tenor@db/tenor?sslmode=require&passfile=pass"),
    ("DATABASE_URL", "postgresql://tenor:hush@127.0.0.1/tenor?sslmode=disable"),
    ("DATABASE_URL", "postgresql://tenor:hush@[::1]/tenor?sslmode=disable"),
    ("DATABASE_URL", "postgresql:///tenor?host=/run/postgresql"),
    ("DATABASE_URL", "postgresql://t:hush@one:5432,two:5433/t?sslmode=require&target_session_attrs=read-write"),
    ("TENOR_LISTEN_URL", "postgresql://tenor:hush@db/tenor?sslmode=require"),
    ("REDIS_URL", "redis://:hush@localhost:6379/0"),
    ("REDIS_URL", "redis://localhost:6379/0?password=hush"),
    ("REDIS_URL", "unix:///run/redis.sock"),
    ("REDIS_URL", "rediss://:hush@one:6379,two:6379"),
]


@pytest.mark.parametrize(("name", "value", "says"), OPEN)
def test_production_is_closed(name: str, value: str, says: str) -> None:
    with pytest.raises(CannotStart) as refused:
        config.read(PRODUCTION | {name: value})
    sentence = str(refused.value)
    assert sentence.startswith(name)
    assert "hush" not in sentence
    assert says in sentence
    config.read(PRODUCTION | {"TENOR_ENV": "development", name: value})  # at a desk it is fine


@pytest.mark.parametrize(("name", "value"), CLOSED)
def test_production_starts(name: str, value: str) -> None:
    assert config.read(PRODUCTION | {name: value}).production


@given(st.binary(min_size=16, max_size=16))
def test_a_random_secret_is_not_called_guessable(drawn: bytes) -> None:
    random = hashlib.sha256(drawn).hexdigest()[:32]
    assert config.read(PRODUCTION | {"TENOR_KEY_SECRET": random}).key_secret == random


@pytest.mark.parametrize(
    "environ", [{}, PRODUCTION, {"PORT": "0", "TENOR_SANDBOX": "1", "TENOR_OUTSIDE_PORTS": "443,1"}]
)
def test_a_child_process_reads_what_its_parent_knew(environ: dict[str, str]) -> None:
    settings = config.read(environ)
    assert config.read(config.environment(settings)) == settings


def test_every_field_has_a_variable() -> None:
    assert {field for field, _ in config.VARIABLES.values()} == set(Settings.__struct_fields__)


def test_the_secrets_are_made_once_and_kept(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path / "new")
    made = config.with_secrets(settings)
    names = ("key_secret", "audit_secret", "data_secret")
    assert [len(getattr(made, name)) for name in names] == [64, 64, 64]
    assert len({getattr(made, name) for name in names}) == 3
    assert config.with_secrets(settings) == made
    for name in names:
        assert (tmp_path / "new" / name).stat().st_mode & 0o777 == 0o600
    given = msgspec.structs.replace(settings, key_secret=SECRET, audit_secret=SECRET, data_secret=SECRET)
    assert config.with_secrets(given) == given


def test_a_data_folder_that_is_a_file_has_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CannotStart, match="cannot be used"):
        config.with_secrets(Settings(data=tmp_path / "file"))


def test_the_key_of_a_processor() -> None:
    settings = config.read({"TENOR_PROCESSOR_KEYS": "stripe=sk_live_1=, acme = k2"})
    assert [config.processor_key(settings, name) for name in ("stripe", "acme", "other", "")] == [
        "sk_live_1=",
        "k2",
        "",
        "",
    ]
    assert config.processor_key(config.read({}), "stripe") == ""
    assert config.read(config.environment(settings)) == settings
