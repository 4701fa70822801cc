"""A small OpenID Connect provider on this machine: its keys over HTTP, and tokens that it signs."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

AUDIENCE = "tenor"


class Issuer:
    """What it has: keys by their names, a count of what it was asked, and whether it answers."""

    def __init__(self) -> None:
        self.url = ""
        self.keys: dict[str, Any] = {"ec": ec.generate_private_key(ec.SECP256R1())}
        self.asked = 0
        self.is_away = False

    def add_rsa(self, kid: str) -> None:
        """Another key, as when keys are rotated."""
        self.keys[kid] = rsa.generate_private_key(65537, 2048)

    def token(self, kid: str = "ec", key: Any = None, algorithm: str | None = None, **changed: Any) -> str:
        """A token for somebody; None as a claim leaves it out."""
        now = int(time.time())
        claims = {"iss": self.url, "sub": "u-1", "aud": AUDIENCE, "iat": now, "exp": now + 300} | changed
        key = key or self.keys[kid]
        by = algorithm or ("ES256" if isinstance(key, ec.EllipticCurvePrivateKey) else "RS256")
        given = {name: value for name, value in claims.items() if value is not None}
        made: str = jwt.encode(given, key, by, headers={"kid": kid})
        return made

    def jwks(self) -> dict[str, Any]:
        """Its public keys."""
        return {"keys": [self._public(kid, key) for kid, key in self.keys.items()]}

    def _public(self, kid: str, key: Any) -> dict[str, Any]:
        kind: Any = ECAlgorithm if isinstance(key, ec.EllipticCurvePrivateKey) else RSAAlgorithm
        made: dict[str, Any] = kind.to_jwk(key.public_key(), as_dict=True)
        return made | {"kid": kid, "use": "sig"}


@contextmanager
def issuing() -> Iterator[Issuer]:
    """An issuer that is served for as long as the block runs."""
    issuer = Issuer()

    class Answering(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            issuer.asked += 1
            told: Any = {"issuer": issuer.url, "jwks_uri": f"{issuer.url}/keys"}
            body = msgspec.json.encode(issuer.jwks() if self.path == "/keys" else told)
            self.send_response(503 if issuer.is_away else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        issuer.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield issuer
        finally:
            server.shutdown()
            thread.join()
