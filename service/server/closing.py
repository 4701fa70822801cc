"""The door is closed for good: nobody new is let in, and who is in line already hears an answer, never a reset.

    turn_away     nobody knocks any more; who has knocked is still let in, and taken by the processes that serve
    tell_the_last whoever is in line when no process serves any more: 503, nothing was done

To close a listening socket with somebody in its line throws them out, and they cannot know what became of what they
asked.
"""

import ctypes
import select
import socket
import struct
from contextlib import suppress
from typing import Final

from service.clock import monotonic
from service.errors import Code, Refused, problem_json

_ATTACH_FILTER: Final = 26  # Linux: SO_ATTACH_FILTER
# A program of the classic BPF, which sees a packet from its TCP header on. What only asks for a connection (SYN without
# ACK) is dropped. All else passes: the rest of a handshake that has begun, and what an accepted socket, which inherits
# the program, is sent.
_NO_SYN: Final = (
    (0x30, 0, 0, 13),  # load the byte of the flags
    (0x54, 0, 0, 0x12),  # ... SYN and ACK of them
    (0x15, 0, 1, 0x02),  # SYN alone?
    (0x06, 0, 0, 0),  # yes: nothing of it is kept
    (0x06, 0, 0, 0xFFFF),  # no: all of it is
)
ASKED_WITHIN_S: Final = 0.5  # so long we wait for the request of somebody in line
READ_WITHIN_S: Final = 1.0  # and so long for them to have read the answer
_AT_ONCE: Final = 1 << 16  # bytes


def turn_away(listener: socket.socket) -> None:
    """A client that comes now hears nothing for a second, and then that the connection is refused."""
    lines = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *line) for line in _NO_SYN))
    program = struct.pack("HL", len(_NO_SYN), ctypes.addressof(lines))
    with suppress(OSError):  # where there are no filters, who knocks in the last moment is thrown out
        listener.setsockopt(socket.SOL_SOCKET, _ATTACH_FILTER, program)


def tell_the_last(listener: socket.socket) -> int:
    """Answers those whom no process took, and returns how many they were. `listener` does not block."""
    left = _in_line(listener)
    if left:
        _read(left, ASKED_WITHIN_S, to_the_end=False)
        for one in left:
            _answer(one)
        _read(left, READ_WITHIN_S, to_the_end=True)
        for one in left:
            one.close()
    return len(left)


def _in_line(listener: socket.socket) -> list[socket.socket]:
    left: list[socket.socket] = []
    with suppress(OSError):  # nobody, or no more file descriptors
        while True:
            left.append(listener.accept()[0])
            left[-1].setblocking(False)
    return left


def _read(connections: list[socket.socket], seconds: float, *, to_the_end: bool) -> None:
    """Reads and drops what comes on each: its beginning, or all until the client has ended it, or time is up.

    What is left unread when a connection is closed would take the answer back.
    """
    poll, until = select.poll(), monotonic() + seconds
    open_ones = {one.fileno(): one for one in connections}
    for descriptor in open_ones:
        poll.register(descriptor, select.POLLIN)
    while open_ones and (rest := until - monotonic()) > 0:
        for descriptor, _ in poll.poll(rest * 1000):
            if not (_receive(open_ones[descriptor]) and to_the_end):
                poll.unregister(descriptor)
                del open_ones[descriptor]


def _receive(connection: socket.socket) -> bytes:
    try:
        return connection.recv(_AT_ONCE)
    except OSError:  # the client has gone
        return b""


def _answer(connection: socket.socket) -> None:
    with suppress(OSError):  # the client has gone
        connection.sendall(_GOODBYE)
        connection.shutdown(socket.SHUT_WR)


def _goodbye() -> bytes:
    refused = Refused(Code.UNAVAILABLE, "The service stops, and nothing was done; send the same request again.")
    body = problem_json(refused)
    head = (
        "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/problem+json\r\n"
        f"Content-Length: {len(body)}\r\nRetry-After: 1\r\nCache-Control: no-store\r\n"
        "X-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body


_GOODBYE: Final = _goodbye()
