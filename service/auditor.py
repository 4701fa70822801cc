"""`tenor audit`: the end of the audit log, to be kept elsewhere, and the proof that nobody has changed the log."""

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence

from service import config, db, embedded
from service.audit.chain import Head, read_head
from service.audit.flow import seal
from service.audit.head_store import HeadStore
from service.audit.proof_store import Proof, verify
from service.config import CannotStart, Settings


def main(argv: list[str]) -> int:
    """`head` seals what waits and prints the number and the seal of the last entry: keep it where nobody reaches who
    can write to the database. `verify` proves the log from its first entry and names the first bad one; exit code 1.
    An end that was cut off is found by a head that was kept: the one given, and the one in TENOR_DATA."""
    parser = argparse.ArgumentParser(prog="tenor audit", description=main.__doc__)
    parser.add_argument("do", choices=("head", "verify"))
    parser.add_argument("--head", action="append", default=[], help="NUMBER:SEAL, as `tenor audit head` printed it")
    given = parser.parse_args(argv)
    heads = [read_head(text) for text in given.head]
    if None in heads:
        raise CannotStart("--head is NUMBER:SEAL, as `tenor audit head` prints it.")
    kept = [head for head in heads if head]
    with embedded.reachable(config.read(os.environ)) as settings:
        settings = config.with_secrets(settings)
        if given.do == "head":
            print(asyncio.run(_head(settings)))
            return 0
        return _tell(asyncio.run(_verify(settings, kept)))


async def _head(settings: Settings) -> Head:
    assert settings.database_url
    conn = await db.connect(settings.database_url)
    try:
        with db.in_a_sentence(settings.database_url):
            return await seal(conn, settings.audit_secret, HeadStore(settings.data))
    finally:
        await conn.close()


async def _verify(settings: Settings, kept: Sequence[Head]) -> Proof:
    assert settings.database_url
    ours = HeadStore(settings.data).read()
    conn = await db.connect(settings.database_url)
    try:
        with db.in_a_sentence(settings.database_url):
            return await verify(conn, settings.audit_secret, [*kept, *([ours] if ours else [])])
    finally:
        await conn.close()


def _tell(proof: Proof) -> int:
    if proof.gone:
        last, until = proof.gone.head.number, f"{proof.gone.until:%Y-%m-%d}"
        print(f"The log begins after entry {last}: it and those before, until {until}, are not kept any more.")
    if proof.bad:
        print(f"Entry {proof.bad.number} of the audit log: {proof.bad.why}.", file=sys.stderr)
        print(f"{_kept(proof)} entries before it are as they were written.")
        return 1
    print(f"{_kept(proof)} entries are as they were written; the last is {proof.head}.")
    return 0


def _kept(proof: Proof) -> int:
    """How many entries were proved."""
    return proof.head.number - (proof.gone.head.number if proof.gone else 0)
