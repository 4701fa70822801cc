"""`make drill`: backup, loss of the server and its disk, recovery to the end and to a moment; and what was lost."""

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from service import embedded
from service.config import Settings
from tests.drill.drill import drill


def main() -> int:
    parser = argparse.ArgumentParser(prog="make drill", description=__doc__)
    parser.add_argument("--writes", type=int, default=300, help="acknowledged before each step")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tenor-drill-", ignore_cleanup_errors=True) as place:
        folder = Path(place)
        folder.chmod(0o711)
        own = Settings(
            data=folder / "cache", key_secret="k" * 32, audit_secret="a" * 32, data_secret="d" * 32, port=0,
            allow_private=True,
        )  # fmt: skip
        own.data.mkdir()
        with embedded.running(own) as servers:  # of which the cache is used
            settings = Settings(
                redis_url=servers.settings.redis_url, data=folder, key_secret=own.key_secret, port=0,
                audit_secret=own.audit_secret, data_secret=own.data_secret, allow_private=True,
            )  # fmt: skip
            done = asyncio.run(drill(folder / "drill", settings, given.writes))
    print(f"{done.acknowledged} writes were acknowledged until the server and its disk were lost.")
    print(f"{done.kept_words} payments were held at the moment, and {done.kept_pieces} pieces of files were there.")
    faults = 0
    for name, found, until in (
        ("made again to the end", done.at_the_end, done.acknowledged),
        ("made again to the moment", done.at_the_moment, done.before),
    ):
        print(
            f"{name:26} {until:6} acknowledged, {found.lost} lost, {found.too_much} from later, "
            f"in {found.took_s:.1f} s; tenor check says {found.check}"
        )
        for one in found.odd[:10]:
            print(f"not as it was: {one}")
        faults += found.lost + found.too_much + len(found.odd) + found.check
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
