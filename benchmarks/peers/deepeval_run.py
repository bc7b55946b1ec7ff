"""deepeval on the same questions, its cache off. It brings no client, so a bare aiohttp loop collects the answers.

python deepeval_run.py URL N IN_FLIGHT FOLDER
"""

import asyncio
import json
import os
import sys

os.environ |= {"DEEPEVAL_TELEMETRY_OPT_OUT": "YES", "DEEPEVAL_RESULTS_FOLDER": sys.argv[4], "ERROR_REPORTING": "NO"}

import aiohttp
from deepeval import evaluate
from deepeval.evaluate import AsyncConfig, CacheConfig, DisplayConfig
from deepeval.metrics import ExactMatchMetric
from deepeval.test_case import LLMTestCase


async def answers(url: str, questions: list[str], in_flight: int) -> list[str]:
    found = [""] * len(questions)
    numbers = iter(range(len(questions)))

    async def work(session: aiohttp.ClientSession) -> None:
        for i in numbers:
            asked = {"model": "bench-1", "messages": [{"role": "user", "content": questions[i]}], "temperature": 0}
            async with session.post(f"{url}/chat/completions", json=asked) as response:
                found[i] = (await response.json())["choices"][0]["message"]["content"]

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=in_flight)) as session:
        await asyncio.gather(*(work(session) for _ in range(in_flight)))
    return found


if __name__ == "__main__":
    url, n, in_flight = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    sums = [(i % 997, i % 89) for i in range(n)]
    questions = [f"{a} + {b} = ?" for a, b in sums]
    said = asyncio.run(answers(url, questions, in_flight))
    cases = [
        LLMTestCase(input=question, actual_output=answer, expected_output=str(a + b))
        for question, answer, (a, b) in zip(questions, said, sums, strict=True)
    ]
    result = evaluate(
        test_cases=cases,
        metrics=[ExactMatchMetric()],
        async_config=AsyncConfig(run_async=False),
        cache_config=CacheConfig(write_cache=False, use_cache=False),
        display_config=DisplayConfig(show_indicator=False, print_results=False),
    )
    print(json.dumps({"right": sum(bool(one.success) for one in result.test_results)}))
