"""Day close: what time alone brings about, as commands. Run it again and it finds nothing left to do."""

from datetime import datetime

from msgspec import Struct

from service.checkout.limit_flow import ReviewedDay, Reviewing, Told, review_all
from service.claims.days_flow import look_at_all, share_returns
from service.db import Pool
from service.engine.lane import Engine
from service.insurance.supply_flow import notice_all
from service.jobs.collecting import collect
from service.merchants.settling_flow import settle_all
from service.outside.flow import erase_expired
from service.partners.daily_flow import make_due_days
from service.partners.manifest import DailyManifest
from service.partners.signing import Signer
from service.payments.flow import Charging
from service.plans.accrual_flow import accrue
from service.plans.days_flow import pass_days
from service.plans.enrolling_flow import release_ended, settle_reopened
from service.plans.guard_flow import guard_all
from service.plans.held_words_flow import release_all
from service.plans.losing_flow import allocate_all
from service.plans.ownership_flow import carry_out_due
from service.plans.past_flow import count_all_proved_anew
from service.plans.person_pause_flow import Following
from service.reconciling.due_flow import compare_due


class DayClosed(Struct, frozen=True):
    """What was done: authorizations and plans looked at, interest booked, limits reviewed, the partners' files made."""

    expires_soon: int  # authorizations whose end was announced to their merchants
    extended: int  # ... that their product extends by itself
    expired: int
    passed: int  # plans on which a day had begun that brought something about: a due date, a reminder, a late fee
    accrued: int  # days of interest booked, each of a merchant, a programme and a currency
    reviewed: int  # accounts whose limit was reviewed
    limits_changed: int  # of so many of them
    files: list[DailyManifest]  # of the days that ended, of every programme
    erased: int  # answers of outside sources that had expired
    charged: int  # charges made for what fell due, or may be tried again
    settled: int  # settlements made, each of a merchant, a currency and a day
    reconciled: int  # days compared with what partners sent, each of a programme and a partner
    allocated: int  # losses of which it was said who bears them, or who gets what came since
    claims: int  # on who bears losses, that were looked at: lodged, warned of, lapsed
    transferred: int  # participations that changed hands at the close of a day, or were declined
    overdue_noticed: int  # debtors of whom their insurers were told that they are overdue


async def close_day(
    pool: Pool, engine: Engine, charging: Charging, under: Reviewing | None, told: Told, signer: Signer, now: datetime
) -> DayClosed:
    """Pauses plans of people from whom nothing is collected; looks at authorizations whose time runs out and at
    plans on which a day has begun, some hundred at a time; charges what fell due on plans that are paid by
    themselves; books interest until the day that ended, and gives participations that were sold to their new
    owners; releases the cover of plans that have ended; says who bears losses, and who gets what came since; then
    reviews the limits of all accounts, unless no policy is in force; then settles merchants, frees limits of what
    is proved by that, makes the partners' files of the days that ended and compares them with what the partners
    sent, erases what outside sources said and may not be read again, and tells insurers who is overdue."""
    await Following(pool, charging.time_at, told).follow(now)
    guarded = await guard_all(pool, engine, now)
    passed = await pass_days(pool, engine, now)
    charged = (await collect(charging, now)).charged
    accrued = await accrue(pool, now)
    transferred = await carry_out_due(pool, now)
    await settle_reopened(pool, now)
    await release_ended(pool)
    allocated = await allocate_all(pool, now, charging.time_at)
    claims = await look_at_all(pool, now, charging.time_at)
    await share_returns(pool, now, charging.time_at)
    day = await review_all(pool, under, told, now) if under else ReviewedDay()
    made = await settle_all(pool, now)
    if freed := await release_all(pool, now):
        await told(freed)
    await count_all_proved_anew(pool)
    files, erased = await make_due_days(pool, signer, now), await erase_expired(pool, now)
    reconciled = await compare_due(pool, signer, now)
    return DayClosed(
        guarded.expires_soon, guarded.extended, guarded.expired, passed, accrued, day.reviewed, day.changed,
        files, erased, charged, made, reconciled, allocated, claims, transferred, await notice_all(pool, now),
    )  # fmt: skip
