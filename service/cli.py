"""`tenor`: one command line for everything. A command is a line in the table; only the one that runs is imported."""

import argparse
import asyncio
import difflib
import gc
import importlib
import logging
import os
import signal
import sys
from types import ModuleType
from typing import Final

import msgspec

from service import config, logs
from service.config import CannotStart, Settings

# name: (module and function that take the arguments after the name and return the exit code, help or None if internal)
COMMANDS: Final[dict[str, tuple[str, str | None]]] = {
    "dev": ("service.cli:dev", "everything on this machine: embedded servers, a demo, the service"),
    "serve": ("service.cli:serve", "the service on DATABASE_URL and REDIS_URL"),
    "migrate": ("service.cli:migrate", "bring the database up to this version"),
    "init": ("service.init_command:main", "begin an install: the first two operators, their keys, a first policy"),
    "key": ("service.key_command:main", "make an API key and print it, as an install begins; list keys; revoke one"),
    "rewrap": ("service.data_command:main", "after TENOR_DATA_SECRET was replaced: data keys and indexes made anew"),
    "check": ("service.cli:check", "the invariants of the database; and plans proved against their facts"),
    "audit": ("service.auditor:main", "the end of the audit log, to be kept elsewhere; the proof that it is as it was"),
    "day": ("service.cli:day", "close the day, once a day: end authorizations, review limits, make files, erase"),
    "worker": ("service.worker:main", "what time brings about, as it comes: run it beside the service"),
    "verify": ("service.verify:main", "a partner's file against its manifest: counts, sums, hashes, who signed"),
    "replay-recon": ("service.cli:replay_recon", "a reconciliation again, from its signed manifest: the same bytes"),
    "replay": ("service.cli:replay", "a decision again, from its log: the same bytes, or another policy's"),
    "apr": ("service.calculator:apr", "the annual percentage rate of terms, or of dated flows"),
    "schedule": ("service.calculator:schedule", "the schedule of terms, with its rate, cost and disclosure"),
    "schema": ("service.calculator:schema", "the JSON Schema of terms, quotes, flows or policies, for editors"),
    "policy": ("service.policy_command:main", "what is wrong with a policy; its JSON Schema, for editors"),
    "train": ("service.learning.commands:train", "a scorecard from how past purchases ended, as the draft of a policy"),
    "backtest": ("service.learning.commands:backtest_", "how a policy, or two, would have done on past purchases"),
    "fairness": ("service.learning.commands:fairness", "whom a policy would have treated otherwise, by group"),
    "simulator": ("service.simulator:main", "the simulated gateway to outside data, over HTTP"),
    "sandbox-processor": ("service.sandbox_processor:main", "a processor of payments to try things on, over HTTP"),
    "first-day": ("service.cli:first_day", None),
    "demo-processor": ("service.sandbox_processor:serve_demo", None),
    "http-process": ("service.server.worker:main", None),
}

STAYING: Final = ("serve", "http-process", "worker")  # what runs on: its words are read by machines


def main(argv: list[str] | None = None) -> int:
    """Run a command; the exit code. What stands in the way is one sentence on stderr."""
    name, *arguments = (sys.argv[1:] if argv is None else argv) or ["--help"]
    if name in ("-h", "--help"):
        print(_usage())
        return 0
    if name not in COMMANDS:
        near = difflib.get_close_matches(name, COMMANDS, 1)
        print(f"tenor: there is no command {name!r}{f'; {near[0]}?' if near else ''}", file=sys.stderr)
        return 2
    module, _, function = COMMANDS[name][0].partition(":")
    try:
        is_watched = name not in STAYING or sys.stderr.isatty()
        logs.begin(name, config.log_form(os.environ, is_watched=is_watched))
        load = _load_for_good if argv is None else importlib.import_module  # the process is the command's alone, or not
        code: int = getattr(load(module), function)(arguments)
    except CannotStart as sentence:
        logs.tell(str(sentence), logging.ERROR)
        return 1
    except ModuleNotFoundError as error:
        if not str(error.name).startswith("service."):
            raise
        logs.tell(f"tenor {name} is not part of this image.", logging.ERROR)
        return 1
    except KeyboardInterrupt:
        return 130
    return code


def _load_for_good(module: str) -> ModuleType:
    """A command's module. What is made while it is loaded stays: nobody looks through it for garbage. That took a
    sixth of an HTTP process's start. Commands of this file load what they need as they run."""
    gc.disable()
    try:
        return importlib.import_module(module)
    finally:
        gc.freeze()
        gc.enable()


def dev(argv: list[str]) -> int:
    """Embedded servers where no URL is given, migrations, the demo, the sandbox processor, and the service."""
    from service import embedded
    from service.audit.head_store import HeadStore
    from service.embedded import lifeline
    from service.preparing import prepare
    from service.server import companion, supervisor

    parser = argparse.ArgumentParser(prog="tenor dev", description=dev.__doc__)
    parser.add_argument("--fresh", action="store_true", help="start over with an empty embedded database")
    parser.add_argument("--tethered", action="store_true", help="stop when the process that started this one ends")
    given = parser.parse_args(argv)
    if config.read(os.environ).production:
        raise CannotStart("tenor dev is for development; in production, run tenor serve.")
    everything = {"TENOR_SANDBOX": "1", "TENOR_ALLOW_PRIVATE": "1", "TENOR_FACADES": ",".join(config.FACADES)}
    settings = config.read(everything | os.environ)
    with supervisor.stopping_on_signals():
        if given.tethered:
            lifeline.die_with_parent(os.getppid(), signal.SIGTERM)
        with (
            supervisor.bind(settings.host, settings.port, listens=False) as listener,
            supervisor.bind("127.0.0.1", 0) as desk,
            embedded.running(settings, given.fresh) as servers,
        ):
            settings, place = config.with_secrets(servers.settings), supervisor.base_url(listener)
            if given.fresh:
                HeadStore(settings.data).path.unlink(missing_ok=True)  # of the log that was thrown away
            asyncio.run(prepare(settings, f"{supervisor.base_url(desk)}/"))
            command, environ = ["demo-processor", f"--notify={place}"], os.environ | config.environment(settings)
            with companion.beside(command, environ, desk.fileno()) as processor:

                def mend() -> list[str]:
                    return servers.mend() + processor.mend()

                supervisor.Supervisor(settings, listener, mend).run(["first-day", place])


def serve(argv: list[str]) -> int:
    """The service on given servers, migrated first; several machines may do this at once."""
    from service.preparing import prepare
    from service.server import supervisor

    argparse.ArgumentParser(prog="tenor serve", description=serve.__doc__).parse_args(argv)
    settings = config.read(os.environ)
    for name, url in (("DATABASE_URL", settings.database_url), ("REDIS_URL", settings.redis_url)):
        if not url:
            raise CannotStart(f"tenor serve needs {name}; tenor dev brings servers of its own.")
    settings = config.with_secrets(settings)
    with (
        supervisor.stopping_on_signals(),
        supervisor.bind(settings.host, settings.port, listens=False) as listener,
    ):
        asyncio.run(prepare(settings))
        os.environ.pop("TENOR_MIGRATE_URL", None)  # who serves need not know it
        settings = msgspec.structs.replace(settings, migrate_url=None)
        supervisor.Supervisor(settings, listener, mend=list).run()


def migrate(argv: list[str]) -> int:
    """Apply the migrations that the database does not have yet, and give the role that serves what it needs.

    It takes the role that owns the tables: TENOR_MIGRATE_URL, or DATABASE_URL where there is one role for both.
    """
    from service import embedded
    from service.preparing import prepare

    argparse.ArgumentParser(prog="tenor migrate", description=migrate.__doc__).parse_args(argv)
    with embedded.reachable(config.read(os.environ)) as settings:
        asyncio.run(prepare(settings))
    return 0


def check(argv: list[str]) -> int:
    """Run schema/checks.sql, and prove plans against their facts: exit code 0 when nothing is found, 1 otherwise."""
    from service import embedded

    parser = argparse.ArgumentParser(prog="tenor check", description=check.__doc__)
    parser.add_argument("--all", action="store_true", help="prove every plan; else the newest, and some by chance")
    given = parser.parse_args(argv)
    with embedded.reachable(config.read(os.environ)) as settings:
        return asyncio.run(_check(settings, every=given.all))


def day(argv: list[str]) -> int:
    """Close the day that has ended: authorizations nobody captured in time end, what fell due is charged, the limits
    of all accounts are reviewed, interest is booked, the partners' files of yesterday are made, outside answers that
    expired are erased, and what was kept long enough is forgotten. Running it again changes nothing; several at once
    are safe."""
    from service import embedded

    argparse.ArgumentParser(prog="tenor day", description=day.__doc__).parse_args(argv)
    with embedded.reachable(config.read(os.environ)) as settings:
        asyncio.run(_day(config.with_secrets(settings)))
    return 0


def replay(argv: list[str]) -> int:
    """Decide again what was decided, from its log: under its own policy version, or another. Exit code 1 if the answer
    differs."""
    from service import embedded

    parser = argparse.ArgumentParser(prog="tenor replay", description=replay.__doc__)
    parser.add_argument("decision", help="the decision's id, de_...")
    parser.add_argument("--policy", help="the policy's id; its own if left out")
    parser.add_argument("--version", type=int, help="the policy's version; its own if left out")
    given = parser.parse_args(argv)
    with embedded.reachable(config.read(os.environ)) as settings:
        return asyncio.run(_replay(config.with_secrets(settings), given.decision, given.policy, given.version))


def replay_recon(argv: list[str]) -> int:
    """Compare a day again, from the signed manifest of its reconciliation. Exit code 1 if it comes to something else,
    or the signature does not hold."""
    from service import embedded

    parser = argparse.ArgumentParser(prog="tenor replay-recon", description=replay_recon.__doc__)
    parser.add_argument("reconciliation", help="its id, rc_...")
    given = parser.parse_args(argv)
    with embedded.reachable(config.read(os.environ)) as settings:
        return asyncio.run(_replay_recon(config.with_secrets(settings), given.reconciliation))


def first_day(argv: list[str]) -> int:
    """Replay the demo's first day of trade through the HTTP API at the URL given, unless that was done before."""
    import uvloop

    from service import demo
    from service.embedded import lifeline

    lifeline.die_with_parent(os.getppid(), signal.SIGTERM)
    uvloop.run(demo.first_day(config.read(os.environ), argv[0]))
    return 0


async def _day(settings: Settings) -> None:
    from service import clock
    from service.api.limits import reviewing
    from service.app import services
    from service.jobs.day_close import close_day
    from service.jobs.retention import forget, keep_of
    from service.partners.signing import Signer

    async with services(settings) as ours:
        now = clock.now()
        under = await reviewing(ours, now)
        signer, told = Signer(settings.audit_secret), ours.snapshots.accounts_changed
        closed = await close_day(ours.pool, ours.engine, ours.charging, under, told, signer, now)
        forgotten = await forget(ours.pool, keep_of(settings), settings.audit_secret, now)
    print(
        f"{closed.expires_soon} authorizations announced to end, {closed.extended} extended, {closed.expired} ended, "
        f"{closed.charged} charges made, "
        f"{closed.accrued} days of interest booked, "
        f"{closed.limits_changed} of {closed.reviewed} limits changed, "
        f"{len(closed.files)} partner files made, {closed.erased} outside answers erased; "
        f"{forgotten.keys} keys, {forgotten.events} events, {forgotten.decisions} decisions, "
        f"{forgotten.enquiries} enquiries, {forgotten.entries} audit entries and {forgotten.months} months of rows "
        "of files forgotten."
    )


async def _check(settings: Settings, *, every: bool) -> int:
    from service import db
    from service.plans.proof_store import prove

    assert settings.database_url
    connection = await db.connect(settings.database_url)
    try:
        checks = await db.run_checks(connection)
        proof = await prove(connection, every=every)
    finally:
        await connection.close()
    broken = [found for found in checks if found.rows]
    for found in broken:
        print(f"{found.name}: {len(found.rows)} rows")
        for row in found.rows[:10]:
            print("  " + ", ".join(f"{name}={value}" for name, value in row.items()))
    for one in proof.differences[:100]:
        print(f"{one.plan_id}, {one.place}: {one.stored}, and its facts say {one.proved}")
    unlike = len({one.plan_id for one in proof.differences})
    print(f"{len(checks)} checks, {len(broken)} broken.")
    print(f"{proof.plans} plans proved against their facts, {unlike} differ.")
    return 1 if broken or unlike else 0


async def _replay(settings: Settings, decision_id: str, policy_id: str | None, version: int | None) -> int:
    from service import db
    from service.api.replays import in_words, replay_decision
    from service.data_key import DataSecrets
    from service.errors import Refused
    from service.policies.flow import Ready

    assert settings.database_url
    pool = await db.open_pool(settings.database_url, size=2)
    try:
        secrets = DataSecrets(settings.data_secret, settings.data_secret_before)
        again = await replay_decision(pool, Ready(pool), secrets, decision_id, policy_id, version)
    except Refused as refused:
        raise CannotStart(refused.detail) from None
    finally:
        await pool.close()
    for line in in_words(again):
        print(line)
    return 1 if again.is_identical is False else 0


async def _replay_recon(settings: Settings, reconciliation_id: str) -> int:
    from service import db
    from service.errors import Refused
    from service.partners.signing import Signer
    from service.reconciling.runs_flow import replay

    assert settings.database_url
    connection = await db.connect(settings.database_url)
    try:
        again = await replay(connection, reconciliation_id)
    except Refused as refused:
        raise CannotStart(refused.detail) from None
    finally:
        await connection.close()
    is_ours = again.manifest.is_signed and again.manifest.key == Signer(settings.audit_secret).public_key
    print(f"{again.manifest.business_on}, {again.verdict}: {again.result_sha256}")
    print("the same bytes" if again.is_the_same else f"other bytes than {again.manifest.result_sha256}")
    print("the signature holds" if is_ours else "the signature does not hold")
    return 0 if again.is_the_same and is_ours else 1


def _usage() -> str:
    shown = [f"  {name:<17} {text}" for name, (_, text) in COMMANDS.items() if text]
    return "\n".join(["usage: tenor COMMAND ...", "", *shown, "", "tenor COMMAND --help tells more."])
