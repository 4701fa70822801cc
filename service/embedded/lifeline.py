"""Processes that do not outlive their parent, and servers that refuse to run as root.

A worker calls `die_with_parent` first thing. A foreign server gets there through this file run as a program, which
ties the knot and then becomes the server, keeping its process id:

    python -I -S lifeline.py PARENT_PID SIGNAL IDENTITY -- postgres -D folder

IDENTITY says as whom: `self`; `namespace`, for root, who then looks like an ordinary user to the server while its files
stay root's; or a user id to turn into. Linux tells a child of its parent's death (PR_SET_PDEATHSIG); macOS does not, so
there a SIGKILL of the parent leaves the server to be found by the next start.
"""

import ctypes
import os
import pwd
import signal
import sys
from pathlib import Path

SELF = "self"
NAMESPACE = "namespace"
REFUSED = 71  # exit code (EX_OSERR): this machine does not allow the identity

_PR_SET_PDEATHSIG = 1
_CLONE_NEWUSER = 0x10000000
_LINUX = sys.platform == "linux"


def die_with_parent(parent: int, by: signal.Signals) -> None:
    """Have the kernel send `by` to this process when the thread of `parent` that forked it ends."""
    if not _LINUX:
        return
    if _libc().prctl(_PR_SET_PDEATHSIG, int(by), 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")
    if os.getppid() != parent:  # it died before we asked
        os.kill(os.getpid(), by)


def command(argv: list[str], identity: str, by: signal.Signals) -> list[str]:
    """The command line that runs `argv` tied to this process; start it from the main thread."""
    return [sys.executable, "-I", "-S", __file__, str(os.getpid()), str(int(by)), identity, "--", *argv]


def become(identity: str) -> None:
    """Take on `identity`. Raises `OSError` where that is forbidden, as user namespaces are in some containers."""
    if identity == SELF:
        return
    if identity == NAMESPACE:
        _enter_namespace()
        return
    user = int(identity)
    os.setgroups([])
    os.setgid(user)
    os.setuid(user)


def ordinary_user() -> int:
    """The id of a user that is not root and that the server can look up by name, as PostgreSQL insists."""
    try:
        return pwd.getpwnam("nobody").pw_uid
    except KeyError:
        return next((user.pw_uid for user in pwd.getpwall() if user.pw_uid != 0), 65534)


def _enter_namespace() -> None:
    outer, group, inner = os.geteuid(), os.getegid(), ordinary_user()
    if not _LINUX or _libc().unshare(_CLONE_NEWUSER) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{inner} {outer} 1")
    Path("/proc/self/gid_map").write_text(f"{inner} {group} 1")


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def main(argv: list[str]) -> None:
    """Become a server: see the module's docstring."""
    parent, by, identity, _, *server = argv
    try:
        become(identity)
    except OSError as error:
        print(f"{identity}: {error.strerror}", file=sys.stderr)
        sys.exit(REFUSED)
    die_with_parent(int(parent), signal.Signals(int(by)))  # after: a change of user would untie it
    os.execv(server[0], server)  # noqa: S606 - no shell is the point


if __name__ == "__main__":
    main(sys.argv[1:])
