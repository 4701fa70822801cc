"""The end of the chain, kept in a file beside the service: the database alone cannot show that its end was cut off."""

import os
from pathlib import Path

from service.audit.chain import Head, read_head


class HeadStore:
    """The head that this machine has sealed last."""

    def __init__(self, data: Path) -> None:
        self.path = data / "audit_head"

    def read(self) -> Head | None:
        """The head as kept; None if there is none, or what is there is none."""
        try:
            return read_head(self.path.read_text().strip())
        except (OSError, UnicodeDecodeError):
            return None

    def keep(self, head: Head) -> None:
        """Kept for the next proof. Whoever reads meanwhile sees the head before, or this one."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        whole = self.path.with_suffix(f".{os.getpid()}")  # each process writes its own, and the last one stands
        whole.write_text(f"{head}\n")
        whole.replace(self.path)
