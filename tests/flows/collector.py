"""A process that collects, to be killed: `python -m tests.flows.collector 2026-03-02T12:00:00Z`, over and over."""

import asyncio
import os
import sys
from datetime import datetime

from service import config
from service.app import services
from service.jobs.collecting import collect


async def main(now: datetime) -> None:
    async with services(config.read(os.environ)) as ours:
        while True:
            await collect(ours.charging, now)
            await asyncio.sleep(0.01)


if __name__ == "__main__":
    asyncio.run(main(datetime.fromisoformat(sys.argv[1])))
