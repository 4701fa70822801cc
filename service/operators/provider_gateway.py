"""An OpenID Connect provider: it knows people, and signs who somebody is. We ask it for its keys, and for nothing else.

A token says who it is about (`sub`), for whom it was made (`aud`), by whom (`iss`) and until when (`exp`); all four
must be there and right, and its signature must be one of the provider's, by a key that has two halves. Which subject is
which operator stands in our own table: a provider lets nobody in whom two operators have not enrolled.
"""

import asyncio
from typing import Any, Final

import jwt
import msgspec
from msgspec import Struct

from service import clock
from service.errors import Code, Refused
from service.http_client import exchange, open_client
from service.operators.flow import Provider, Subject
from service.reach import ANYWHERE

ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
REQUIRED: Final = ("iss", "sub", "aud", "exp", "iat")
LEEWAY_S: Final = 30  # by which two clocks may differ
FRESH_S: Final = 600.0  # so long keys are believed; a provider that takes one back has it forgotten by then
APART_S: Final = 10.0  # between two requests, whatever tokens with unknown keys are sent
BUDGET_S: Final = 0.8  # of one request, of which there are two


class _Discovery(Struct, frozen=True):
    issuer: str
    jwks_uri: str


class OpenIdProvider(Provider):
    """The provider at `issuer`, for tokens that were made for `audience`."""

    def __init__(self, issuer: str, audience: str) -> None:
        self.issuer = issuer
        self._audience = audience
        self._client = open_client(ANYWHERE, BUDGET_S, connections_max=2)  # its address is a setting of ours
        self._keys: dict[str, jwt.PyJWK] = {}
        self._fetched_at = self._tried_at = -FRESH_S
        self._fetching = asyncio.Lock()

    async def subject(self, token: str) -> Subject | None:
        """Whom a token is about; None: it is not one of the provider's for us, or has expired.

        Refused: UNAVAILABLE, while we have not heard which keys the provider has.
        """
        try:
            header = jwt.get_unverified_header(token)
        except jwt.InvalidTokenError:
            return None
        if header.get("alg") not in ALGORITHMS:
            return None
        key = await self._key(str(header.get("kid", "")))
        if key is None:
            return None
        try:
            claims = jwt.decode(
                token, key, algorithms=list(ALGORITHMS), audience=self._audience, issuer=self.issuer,
                leeway=LEEWAY_S, options={"require": list(REQUIRED)},
            )  # fmt: skip
        except jwt.PyJWTError:
            return None
        subject = claims["sub"]
        return Subject(self.issuer, subject) if isinstance(subject, str) and subject else None

    async def close(self) -> None:
        """Closes the connections."""
        await self._client.aclose()

    async def _key(self, kid: str) -> jwt.PyJWK | None:
        now = clock.monotonic()
        if kid not in self._keys or now >= self._fetched_at + FRESH_S:
            async with self._fetching:  # who comes meanwhile waits for the same answer
                if kid not in self._keys or now >= self._fetched_at + FRESH_S:
                    await self._fetch()
        if now >= self._fetched_at + 2 * FRESH_S:
            raise Refused(Code.UNAVAILABLE, "The provider of identities cannot be reached; use a key meanwhile.")
        return self._keys.get(kid)

    async def _fetch(self) -> None:
        """Its keys anew, where it has not been asked a moment ago; unheard, those that are known stay a while."""
        if clock.monotonic() < self._tried_at + APART_S:
            return
        self._tried_at = clock.monotonic()
        found = await self._get(f"{self.issuer.rstrip('/')}/.well-known/openid-configuration", _Discovery)
        if found is None or found.issuer != self.issuer:
            return
        heard: dict[str, Any] | None = await self._get(found.jwks_uri, dict[str, Any])
        if heard is None:
            return
        try:
            keys = jwt.PyJWKSet.from_dict(heard).keys
        except (jwt.PyJWTError, AttributeError, TypeError):
            return
        self._keys = {key.key_id or "": key for key in keys if key.public_key_use in (None, "sig")}
        self._fetched_at = clock.monotonic()

    async def _get(self, url: str, what: Any) -> Any:
        heard = await exchange(self._client, "GET", url, {})
        if heard is None or heard[0] != 200:
            return None
        try:
            return msgspec.json.decode(heard[1], type=what)
        except (msgspec.DecodeError, RecursionError):
            return None
