"""lm-evaluation-harness on the same questions, with the samples it logs.

python lm_eval_run.py URL N IN_FLIGHT FOLDER
"""

import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

os.environ |= {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "OPENAI_API_KEY": "none"}

from lm_eval import simple_evaluate
from lm_eval.loggers import EvaluationTracker
from lm_eval.tasks import TaskManager

TASK = """\
task: sums
dataset_path: json
dataset_kwargs: {{data_files: {{test: "{file}"}}}}
test_split: test
output_type: generate_until
doc_to_text: "{{{{question}}}}"
doc_to_target: "{{{{answer}}}}"
generation_kwargs: {{until: [], max_gen_toks: 16, temperature: 0}}
metric_list: [{{metric: exact_match, aggregation: mean, higher_is_better: true}}]
"""

if __name__ == "__main__":
    url, n, in_flight, folder = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]).resolve()
    tasks = Path(tempfile.mkdtemp())
    file = tasks / "sums.jsonl"
    with file.open("w") as out:
        for i in range(n):
            a, b = i % 997, i % 89
            out.write(json.dumps({"question": f"{a} + {b} = ?", "answer": str(a + b)}) + "\n")
    (tasks / "sums.yaml").write_text(TASK.format(file=file))
    arguments = f"model=bench-1,base_url={url}/chat/completions,num_concurrent={in_flight},tokenized_requests=False"
    found = simple_evaluate(
        model="local-chat-completions",
        model_args=arguments + ",tokenizer_backend=None,max_retries=3",
        tasks=["sums"],
        task_manager=TaskManager(include_path=str(tasks), include_defaults=False),
        apply_chat_template=True,
        bootstrap_iters=0,
        log_samples=True,
    )
    samples = found.pop("samples")
    tracker = EvaluationTracker(output_path=str(folder))
    tracker.save_results_aggregated(results=found, samples=samples)
    tracker.save_results_samples(task_name="sums", samples=samples["sums"])
    print(json.dumps({"right": sum(one["exact_match"] for one in samples["sums"])}))
    shutil.rmtree(tasks)
