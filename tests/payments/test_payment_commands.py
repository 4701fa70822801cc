"""`tenor sandbox-processor`, as a process of its own."""

import asyncio
import socket
import sys

import httpx

ORDER = {"charge_id": "ch_1", "token": "tok-insufficient", "amount": 150_00, "currency": "EUR", "plan_id": "pl_1"}


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


async def start(*command: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "service", *command, stdout=asyncio.subprocess.PIPE
    )


async def test_the_sandbox_is_served() -> None:
    port = str(free_port())
    process = await start("sandbox-processor", "--port", port, "--secret", "s3cret")
    try:
        async with asyncio.timeout(30), httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
            known = {"Authorization": "Bearer s3cret"}
            while True:
                try:
                    assert (await client.get("/charges/ch_1")).status_code == 401
                    break
                except httpx.ConnectError:
                    await asyncio.sleep(0.1)
            assert (await client.get("/charges/ch_1", headers=known)).status_code == 404
            assert (await client.post("/charges", json=[], headers=known)).status_code == 400
            pulled = [await client.post("/charges", json=ORDER, headers=known) for _ in range(2)]
            asked = await client.get("/charges/ch_1", headers=known)
            expected = {name: ORDER[name] for name in ("charge_id", "amount", "currency")}
            expected |= {"state": "declined", "reason": "insufficient_funds"}
            assert [one.json() for one in (*pulled, asked)] == [expected] * 3
    finally:
        process.kill()
        await process.wait()
