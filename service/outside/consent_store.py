"""Consents in the database: given, and revoked."""

from collections.abc import Sequence
from datetime import datetime

from service import ids
from service.db import Connection
from service.outside.consent import GivenConsent
from service.outside.flow import Q


async def give(
    conn: Connection, consent_id: str, consumer_id: str, merchant_id: str, given: GivenConsent,
    gateway_ids: Sequence[str], now: datetime,
) -> bool:  # fmt: skip
    """Keeps what the consumer allowed, to the gateways that are its sources now; False: this merchant has no such
    consumer."""
    made = await conn.fetchval(
        Q.insert_consent, ids.bucket_of(consumer_id), consumer_id, consent_id, merchant_id, given.subject,
        given.purpose, list(given.data_types), list(given.sources), list(gateway_ids), given.from_on, given.to_on,
        given.times, given.channel, given.evidence, now, given.expires_at,
    )  # fmt: skip
    return made is not None


async def revoke(conn: Connection, consent_id: str, by: str, merchant_id: str | None, now: datetime) -> bool:
    """Nothing is asked under it any more, and what it brought is erased. False: there is none, of this merchant's."""
    bucket = ids.bucket_of(consent_id)
    if not await conn.fetchval(Q.revoke_consent, bucket, consent_id, now, by, merchant_id):
        return False
    await conn.execute(Q.erase_reports, bucket, consent_id)
    return True
