"""The floor: an aiohttp loop that asks and counts, without retries, deadlines or a journal.

python benchmarks/peers/bare_aiohttp.py URL N IN_FLIGHT
"""

import asyncio
import json
import sys

import aiohttp
import uvloop


async def main(url: str, n: int, in_flight: int) -> None:
    numbers = iter(range(n))
    right = 0

    async def work(session: aiohttp.ClientSession) -> None:
        nonlocal right
        for i in numbers:
            a, b = i % 997, i % 89
            asked = {"model": "bench-1", "messages": [{"role": "user", "content": f"{a} + {b} = ?"}], "temperature": 0}
            async with session.post(f"{url}/chat/completions", json=asked) as response:
                answer = await response.json()
            right += answer["choices"][0]["message"]["content"] == str(a + b)

    connector = aiohttp.TCPConnector(limit=in_flight)
    async with aiohttp.ClientSession(connector=connector) as session:
        await asyncio.gather(*(work(session) for _ in range(in_flight)))
    print(json.dumps({"right": right}))


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
