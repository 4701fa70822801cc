"""`tenor collect`: the collecting of a day, run often beside the service."""

import argparse
import asyncio
import os

from service import clock, config, embedded
from service.app import services
from service.config import Settings
from service.jobs.collecting import collect


def main(argv: list[str]) -> int:
    """Charge what fell due on plans that are paid by themselves, try again what was declined, and ask about charges
    that no processor has answered. Run it every few minutes; several at once are safe."""
    argparse.ArgumentParser(prog="tenor collect", description=main.__doc__).parse_args(argv)
    with embedded.reachable(config.read(os.environ)) as settings:
        asyncio.run(_collect(config.with_key_secret(settings)))
    return 0


async def _collect(settings: Settings) -> None:
    async with services(settings) as ours:
        done = await collect(ours.charging, clock.now())
    print(f"{done.asked} charges asked about again, {done.charged} made.")
