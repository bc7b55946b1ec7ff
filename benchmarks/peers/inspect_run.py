"""Inspect on the same questions, with its log as it writes it.

python inspect_run.py URL N IN_FLIGHT FOLDER
"""

import json
import sys

from inspect_ai import Task
from inspect_ai import eval as inspect_eval
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import GenerateConfig, get_model
from inspect_ai.scorer import exact
from inspect_ai.solver import generate

if __name__ == "__main__":
    url, n, in_flight, folder = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    samples = [Sample(id=f"sum-{i}", input=f"{i % 997} + {i % 89} = ?", target=str(i % 997 + i % 89)) for i in range(n)]
    task = Task(dataset=MemoryDataset(samples), solver=generate(), scorer=exact())
    config = GenerateConfig(temperature=0, max_connections=in_flight)
    model = get_model("openai/bench-1", base_url=url, api_key="none", config=config, responses_api=False)
    [log] = inspect_eval(task, model=model, log_dir=folder, display="none", max_samples=in_flight)
    # The scorer's only shares are its mean and that mean's error; the mean has had two names.
    metrics = log.results.scores[0].metrics
    share = next(metrics[name].value for name in ("mean", "accuracy") if name in metrics)
    print(json.dumps({"right": round(share * n)}))
