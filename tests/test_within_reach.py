"""Where we call: public addresses at listed ports, whatever they are called and however they are spelt."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from service import clock, http_client
from service.api.addresses import refuse_no_address
from service.config import Environment, Settings
from service.errors import Refused
from service.http_client import exchange, open_client, resolve
from service.reach import ANYWHERE, Reach, is_public


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("9.255.255.255", True), ("10.0.0.0", False), ("10.255.255.255", False), ("11.0.0.0", True),
        ("0.0.0.0", False), ("0.255.255.255", False), ("1.0.0.0", True),
        ("100.63.255.255", True), ("100.64.0.0", False), ("100.127.255.255", False), ("100.128.0.0", True),
        ("126.255.255.255", True), ("127.0.0.1", False), ("127.255.255.255", False), ("128.0.0.0", True),
        ("169.253.255.255", True), ("169.254.169.254", False), ("169.255.0.0", True),
        ("172.15.255.255", True), ("172.16.0.0", False), ("172.31.255.255", False), ("172.32.0.0", True),
        ("192.0.0.8", False), ("192.0.2.1", False), ("192.88.98.255", True), ("192.88.99.1", False),
        ("192.88.100.0", True), ("192.167.255.255", True), ("192.168.0.0", False), ("192.169.0.0", True),
        ("198.17.255.255", True), ("198.18.0.1", False), ("198.19.255.255", False), ("198.20.0.0", True),
        ("198.51.100.1", False), ("203.0.113.1", False),
        ("223.255.255.255", True), ("224.0.0.1", False), ("239.255.255.255", False), ("240.0.0.1", False),
        ("255.255.255.255", False), ("93.184.215.14", True),
        ("::", False), ("::1", False), ("::7f00:1", False), ("::9.9.9.9", False),
        ("::ffff:169.254.169.254", False), ("::ffff:a00:1", False), ("::ffff:9.9.9.9", True),
        ("64:ff9b::a9fe:a9fe", False), ("64:ff9b::127.0.0.1", False), ("64:ff9b::9.9.9.9", True),
        ("64:ff9b:1::9.9.9.9", False),
        ("2002:7f00:1::", False), ("2002:a9fe:a9fe::1", False), ("2002:909:909::1", True),
        ("2001::1", False), ("2001:db8::1", False), ("3fff::1", False), ("2001:4860:4860::8888", True),
        ("2a00:1450:4001::1", True), ("1fff::1", False), ("4000::1", False), ("100::1", False),
        ("fc00::1", False), ("fdff::1", False), ("fe80::1", False), ("fe80::1%eth0", False), ("fec0::1", False),
        ("ff02::1", False),
        ("2130706433", False), ("0x7f000001", False), ("127.1", False), ("0177.0.0.1", False), ("localhost", False),
        ("", False),
    ],
)  # fmt: skip
def test_which_addresses_are_public(address: str, public: bool) -> None:
    assert is_public(address) is public
    assert Reach().has_address(address) is public
    assert ANYWHERE.has_address(address)


@pytest.mark.parametrize(
    ("url", "refused"),
    [
        ("https://bureau.example/ask", ""), ("https://9.9.9.9/", ""),
        ("https://[2001:4860:4860::8888]/", ""), ("https://4chan.example/", ""), ("https://7.bureau.example/", ""),
        ("https://bureau.example:8443/", ""), ("https://bureau.example:22/", "No other port is called than 443, 8443"),
        ("https://bureau.example:80/", "No other port"), ("https://localhost/", "private"),
        ("https://localhost:8443/", "private"), ("https://db.localhost/", "private"), ("https://127.0.0.1/", "private"),
        ("https://[::1]/", "private"), ("https://10.0.0.1/", "private"), ("https://169.254.169.254/latest", "private"),
        ("https://2130706433/", "private"), ("https://0x7f000001/", "private"), ("https://127.1/", "private"),
        ("https://0x7f.1/", "private"), ("https://0177.0.0.1/", "A URL of https"), ("https://bureau.0x1/", "private"),
        ("https://[::ffff:169.254.169.254]/", "private"), ("https://100.64.0.1/", "private"),
        ("http://bureau.example/", "A URL of https"),
    ],
)  # fmt: skip
def test_what_may_be_registered_in_production(url: str, refused: str) -> None:
    settings = Settings(environment=Environment.PRODUCTION, outside_ports=(443, 8443))
    if not refused:
        refuse_no_address(url, settings)
        return
    with pytest.raises(Refused, match=refused):
        refuse_no_address(url, settings)


# What is called, whatever a name says --------------------------------------------------------------------------------


class Names:
    """A name server that says something else each time, and counts how often it was asked."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, int]] = []

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append((host, port))
        return self.answers.pop(0)


@asynccontextmanager
async def heard(
    host: str = "127.0.0.1", context: ssl.SSLContext | None = None
) -> AsyncIterator[tuple[int, list[bytes]]]:
    """A port, and the first line and the Host of each request that came there."""
    requests: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        requests.append(next(line for line in head.split(b"\r\n") if line.lower().startswith(b"host:")))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, host, 0, ssl=context)
    async with server:
        yield server.sockets[0].getsockname()[1], requests


async def called(url: str, reach: Reach, names: Any = resolve) -> tuple[int, bytes] | None:
    async with open_client(reach, patience_s=2.0, look_up=names) as client:
        return await exchange(client, "GET", url, {})


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "2130706433", "0x7f000001", "127.1", "[::ffff:127.0.0.1]", "0.0.0.0"]
)
async def test_no_spelling_of_this_machine_is_called(host: str) -> None:
    async with heard() as (port, requests):
        assert await called(f"http://{host}:{port}/", Reach(frozenset({port}))) is None
        assert requests == []
        assert await called(f"http://{host}:{port}/", ANYWHERE) == (200, b"hi")  # so it was the wall and nothing else


@pytest.mark.parametrize(
    "addresses",
    [["127.0.0.1"], ["9.9.9.9", "127.0.0.1"], ["127.0.0.1", "9.9.9.9"], ["2a00:1450:4001::1", "::ffff:127.0.0.1"], []],
)
async def test_a_name_is_called_only_if_all_its_addresses_are_public(addresses: list[str]) -> None:
    async with heard() as (port, requests):
        names = Names(addresses)
        assert await called(f"http://bureau.example:{port}/", Reach(frozenset({port})), names) is None
        assert (requests, names.asked) == ([], [("bureau.example", port)])


async def test_the_address_that_was_judged_is_the_one_that_is_called() -> None:
    """A name that is public when it is looked up and private a moment later: it is looked up once, and connected to by
    its number. The request still says the name."""
    async with heard() as (port, requests):
        names = Names(["127.0.0.1"], ["127.0.0.2"])
        assert await called(f"http://bureau.example:{port}/ask", ANYWHERE, names) == (200, b"hi")
        assert requests == [b"Host: bureau.example:%d" % port]
        assert names.asked == [("bureau.example", port)]


async def test_a_port_that_is_not_listed_is_not_called(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.reach.is_public", lambda _: True)  # this machine plays the internet
    async with heard() as (port, requests):
        assert await called(f"http://127.0.0.1:{port}/", Reach()) is None
        assert requests == []
        assert await called(f"http://127.0.0.1:{port}/", Reach(frozenset({443, port}))) == (200, b"hi")


async def test_the_next_address_is_tried_where_nobody_is_at_the_first() -> None:
    async with heard() as (port, _):
        assert await called(f"http://bureau.example:{port}/", ANYWHERE, Names(["127.0.0.9", "127.0.0.1"])) == (
            200,
            b"hi",
        )


async def test_a_name_that_nobody_knows_or_that_takes_long_is_no_answer() -> None:
    async def slow(host: str, port: int) -> Sequence[str]:
        await asyncio.sleep(10)
        return []

    began = clock.monotonic()
    assert await called("https://nowhere.invalid/", Reach()) is None
    async with open_client(Reach(), patience_s=0.1, look_up=slow) as client:
        assert await exchange(client, "GET", "https://bureau.example/", {}) is None
    assert clock.monotonic() - began < 5


@pytest.mark.parametrize(("certified", "answer"), [("bureau.example", (200, b"hi")), ("other.example", None)])
async def test_the_certificate_must_be_the_names(
    certified: str, answer: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    served.load_cert_chain(pem := certificate(certified, tmp_path))
    trusting = ssl.create_default_context(cafile=str(pem))
    monkeypatch.setattr(http_client, "certificates", lambda: trusting)
    async with heard(context=served) as (port, _):
        assert await called(f"https://bureau.example:{port}/", ANYWHERE, Names(["127.0.0.1"])) == answer


def certificate(name: str, folder: Path) -> Path:
    """A key and its own certificate for a name, in one file."""
    key, subject = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = clock.now()
    made = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, SHA256())
    )
    path = folder / "certificate.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(private + made.public_bytes(Encoding.PEM))
    return path
