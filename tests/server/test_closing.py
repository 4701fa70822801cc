"""A door that is closed for good: who has come is answered, who comes now is not let in."""

import socket
import time
from collections.abc import Iterator

import pytest

from service.server.closing import tell_the_last, turn_away

REQUEST = b"POST /v1/plans HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}"


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    made = socket.create_server(("127.0.0.1", 0))
    made.setblocking(False)
    yield made
    made.close()


def knock(listener: socket.socket, timeout: float = 5) -> socket.socket:
    return socket.create_connection(listener.getsockname(), timeout=timeout)


def all_of(client: socket.socket) -> bytes:
    heard = b""
    while piece := client.recv(1 << 16):
        heard += piece
    return heard


def test_who_is_in_line_when_nobody_serves_hears_that_nothing_was_done(listener: socket.socket) -> None:
    clients = [knock(listener) for _ in range(3)]
    clients[0].sendall(REQUEST)
    clients[1].sendall(REQUEST[:20])
    clients[2].sendall(REQUEST.replace(b" 2\r", b" 300000\r") + b"x" * 300_000)
    for client in clients:
        client.shutdown(socket.SHUT_WR)
    turn_away(listener)
    assert tell_the_last(listener) == 3
    for client in clients:
        head, _, body = all_of(client).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 503 ")
        assert b"\r\nRetry-After: 1\r\n" in head
        assert b"\r\nConnection: close" in head
        assert b'"code":"unavailable"' in body
        assert f"\r\nContent-Length: {len(body)}\r\n".encode() in head
        client.close()


def test_nobody_is_in_line(listener: socket.socket) -> None:
    assert tell_the_last(listener) == 0


def test_who_comes_now_is_not_let_in(listener: socket.socket) -> None:
    turn_away(listener)
    with pytest.raises(TimeoutError):
        knock(listener, timeout=0.3)


def test_a_handshake_that_has_begun_is_finished(listener: socket.socket) -> None:
    """With this option the kernel takes a connection with its first bytes only: until then it is half made."""
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, 5)
    client = knock(listener)
    with pytest.raises(BlockingIOError):
        listener.accept()
    turn_away(listener)
    client.sendall(REQUEST)
    until = time.monotonic() + 5
    while True:
        try:
            taken, _ = listener.accept()
            break
        except BlockingIOError:
            assert time.monotonic() < until, "it was thrown out"
            time.sleep(0.01)
    with taken, client:
        taken.settimeout(5)
        assert taken.recv(len(REQUEST)) == REQUEST
        client.sendall(b"more")  # what an accepted socket inherits of the filter keeps nothing out
        assert taken.recv(10) == b"more"
