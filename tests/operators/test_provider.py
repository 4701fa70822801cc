"""Who a provider says somebody is: taken from its own tokens for us, and from nothing that looks like one."""

import time
from collections.abc import AsyncIterator, Iterator

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from service.errors import Code, Refused
from service.operators import provider_gateway
from service.operators.flow import Subject
from service.operators.provider_gateway import OpenIdProvider as Provider
from tests.operators.issuer import AUDIENCE, Issuer, issuing


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with issuing() as issuer:
        yield issuer


@pytest.fixture
async def provider(issuer: Issuer) -> AsyncIterator[Provider]:
    provider = Provider(issuer.url, AUDIENCE)
    yield provider
    await provider.close()


async def test_a_token_says_who_somebody_is(issuer: Issuer, provider: Provider) -> None:
    for kid in ("ec", "rsa"):
        if kid == "rsa":
            issuer.add_rsa(kid)
            provider_gateway_waits(provider)
        assert await provider.subject(issuer.token(kid)) == Subject(issuer.url, "u-1")
    assert await provider.subject(issuer.token(aud=["others", AUDIENCE], sub="u-2")) == Subject(issuer.url, "u-2")


def provider_gateway_waits(provider: Provider) -> None:
    """As if the time had passed after which the provider may be asked again."""
    provider._tried_at -= provider_gateway.APART_S


def forged(issuer: Issuer) -> dict[str, str]:
    """What looks like one of its tokens."""
    now, other = int(time.time()), ec.generate_private_key(ec.SECP256R1())
    public = issuer.keys["ec"].public_key()
    pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    good = issuer.token()
    head, body, seal = good.split(".")
    return {
        "signed by another key": issuer.token(key=other),
        "of a key it has not": issuer.token(kid="unknown", key=other),
        "unsigned": jwt.encode({"iss": issuer.url, "sub": "u-1", "aud": AUDIENCE, "exp": now + 300}, "", "none"),
        "sealed with the public key": jwt.encode(
            {"iss": issuer.url, "sub": "u-1", "aud": AUDIENCE, "exp": now + 300}, pem.hex(), "HS256", {"kid": "ec"}
        ),
        "for somebody else": issuer.token(aud="others"),
        "for nobody": issuer.token(aud=None),
        "of another issuer": issuer.token(iss="https://else.example"),
        "of no issuer": issuer.token(iss=None),
        "about nobody": issuer.token(sub=None),
        "about an empty name": issuer.token(sub=""),
        "expired": issuer.token(exp=now - 31),
        "without an end": issuer.token(exp=None),
        "not made yet": issuer.token(iat=now + 60),
        "not valid yet": issuer.token(nbf=now + 60),
        "with another body": f"{head}.{body[:-2]}AA.{seal}",
        "without a signature": f"{head}.{body}.",
        "in two parts": f"{head}.{body}",
        "no token": "eyJ.eyJ.x",
        "nothing": "",
    }


async def test_what_only_looks_like_a_token_says_nothing(issuer: Issuer, provider: Provider) -> None:
    believed = [how for how, token in forged(issuer).items() if await provider.subject(token) is not None]
    assert believed == []
    assert await provider.subject(issuer.token(exp=int(time.time()) - 25)) is not None  # clocks differ


async def test_the_provider_is_asked_once(issuer: Issuer, provider: Provider) -> None:
    for _ in range(20):
        assert await provider.subject(issuer.token())
        assert await provider.subject(issuer.token(kid="unknown", key=issuer.keys["ec"])) is None
    assert issuer.asked == 2  # where its keys are, and its keys


async def test_a_key_that_is_taken_back_is_forgotten(issuer: Issuer, provider: Provider) -> None:
    old = issuer.token()
    assert await provider.subject(old)
    issuer.add_rsa("next")
    del issuer.keys["ec"]
    provider._fetched_at -= provider_gateway.FRESH_S
    provider_gateway_waits(provider)
    assert await provider.subject(issuer.token("next"))
    assert await provider.subject(old) is None


async def test_a_provider_that_is_away_is_no_stranger(issuer: Issuer, provider: Provider) -> None:
    issuer.is_away = True
    with pytest.raises(Refused) as refused:
        await provider.subject(issuer.token())
    assert refused.value.code is Code.UNAVAILABLE
    issuer.is_away = False
    provider_gateway_waits(provider)
    assert await provider.subject(issuer.token())
    issuer.is_away = True
    provider._fetched_at -= provider_gateway.FRESH_S
    provider_gateway_waits(provider)
    assert await provider.subject(issuer.token())  # its keys are still known
    provider._fetched_at -= provider_gateway.FRESH_S
    with pytest.raises(Refused):
        await provider.subject(issuer.token())
