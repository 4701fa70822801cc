"""What devices say of their passkeys is proved, by `webauthn`. Pure.

The library takes half a second to import, which processes that see no passkey do without: see `flow.ready`.
"""

from datetime import datetime
from typing import Any, Final

import msgspec
from webauthn.authentication.verify_authentication_response import verify_authentication_response
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.registration.verify_registration_response import verify_registration_response

from service.authentication.passkey import Added, Answered, Passkey, as_text, domain_of


def added(said: Added, origin: str, challenge: bytes, now: datetime) -> Passkey | None:
    """The passkey that a device has made for this challenge; None if it is not the answer."""
    try:
        made = verify_registration_response(
            credential=_plain(said),
            expected_challenge=challenge,
            expected_rp_id=domain_of(origin),
            expected_origin=origin,
            require_user_verification=True,
        )
    except (WebAuthnException, *_UNREADABLE):
        return None
    return Passkey(made.credential_id, made.credential_public_key, made.sign_count, origin, now)


def answered(said: Answered, known: list[Passkey], challenge: bytes) -> Passkey | None:
    """The consumer's passkey that has signed the challenge, as it counts now; None if none has."""
    named = said.credential_id.rstrip("=")
    for one in known:
        if as_text(one.credential_id) != named:
            continue
        try:
            found = verify_authentication_response(
                credential=_plain(said),
                expected_challenge=challenge,
                expected_rp_id=domain_of(one.origin),
                expected_origin=one.origin,
                credential_public_key=one.public_key,
                credential_current_sign_count=one.counted,
                require_user_verification=True,
            )
        except (WebAuthnException, *_UNREADABLE):
            return None
        return msgspec.structs.replace(one, counted=found.new_sign_count)
    return None


def _plain(said: Added | Answered) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(said)
    return plain


_UNREADABLE: Final = (ValueError, TypeError, LookupError)  # of what no device would have said
