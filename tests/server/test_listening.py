"""A port that is bound, and one on which is listened."""

import socket

import pytest

from service.config import CannotStart
from service.server import supervisor


def test_a_port_that_is_only_bound_refuses() -> None:
    with supervisor.bind("127.0.0.1", 0, listens=False) as bound:
        with pytest.raises(ConnectionRefusedError), socket.create_connection(bound.getsockname()):
            pass
        supervisor.listen(bound)
        with socket.create_connection(bound.getsockname()):
            pass
        supervisor.listen(bound)  # by the second worker


def test_who_comes_second_to_a_port_hears_it_when_they_listen() -> None:
    """Two may be bound to one port as long as nobody listens there."""
    with supervisor.bind("127.0.0.1", 0, listens=False) as first:
        place = first.getsockname()
        with supervisor.bind(*place, listens=False) as second:
            supervisor.listen(first)
            with pytest.raises(CannotStart, match=rf"Port {place[1]} on 127\.0\.0\.1 cannot be used: Address already"):
                supervisor.listen(second)
