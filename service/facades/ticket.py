"""The ticket: the end of the address at which a consumer agrees to one order. Pure.

    base64url( alma \\x1f me_01JD... \\x1f de_01JD... ) . 32 digits of an HMAC under the service's key secret

Nobody can guess it, it names one order of one shop, and nothing of it is kept.
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode

from service.access.key import Secrets, key_hmac

_MARK = 32


def ticket_of(secrets: Secrets, facade: str, merchant_id: str, reference: str) -> str:
    """The ticket of an order."""
    named = f"{facade}\x1f{merchant_id}\x1f{reference}"
    return f"{urlsafe_b64encode(named.encode()).decode().rstrip('=')}.{_mark(secrets.present, named)}"


def order_of(secrets: Secrets, ticket: str) -> tuple[str, str, str] | None:
    """The facade, the merchant's id and the reference; None: it is no ticket of ours."""
    text, _, mark = ticket.partition(".")
    try:
        named = urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
    except ValueError:
        return None
    parts = named.split("\x1f")
    marks = [_mark(one, named).encode() for one in secrets.by_mark().values()]
    is_ours = any(hmac.compare_digest(one, mark.encode()) for one in marks)
    return (parts[0], parts[1], parts[2]) if is_ours and len(parts) == 3 else None


def _mark(secret: str, named: str) -> str:
    return key_hmac(secret, f"agree {named}").hex()[:_MARK]
