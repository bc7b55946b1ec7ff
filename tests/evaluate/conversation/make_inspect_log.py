"""Make the log that the tests read: run a small task in Inspect itself, with its mock model.

Run it with an interpreter that has inspect-ai: `python make_inspect_log.py FOLDER`. Eight questions, two epochs; one
question's solver breaks, so 14 of 16 samples are scored, 8 of them correct, by each of two scorers.
"""

import shutil
import sys
from pathlib import Path
from typing import Any

ASKED, SCORED, CORRECT = 16, 14, 8


def main(folder: Path) -> Path:
    from inspect_ai import Task
    from inspect_ai import eval as run
    from inspect_ai.dataset import Sample
    from inspect_ai.model import ModelOutput, ModelUsage, get_model
    from inspect_ai.scorer import exact, includes
    from inspect_ai.solver import generate, solver

    @solver
    def breaks_once() -> Any:
        async def solve(state: Any, _: Any) -> Any:
            if state.sample_id == "q5":
                raise RuntimeError("broken on purpose")
            return state

        return solve

    def answer(messages: Any, *_: Any) -> ModelOutput:
        said = "東京" if "首都" in messages[-1].text else "わかりません"
        output = ModelOutput.from_content("mockllm/model", said)
        output.usage = ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)
        return output

    questions = [
        Sample(id=f"q{number}", input="日本の首都はどこですか" if number % 3 else "番号は何番ですか", target="東京")
        for number in range(8)
    ]
    task = Task(name="capital", dataset=questions, solver=[breaks_once(), generate()], scorer=[exact(), includes()])
    (log,) = run(
        task,
        model=get_model("mockllm/model", custom_outputs=answer),
        epochs=2,
        log_format="eval",
        log_dir=str(folder / "made"),
        fail_on_error=False,
        display="none",
    )
    made = folder / "capital.eval"
    shutil.copy(log.location.removeprefix("file://"), made)
    return made


if __name__ == "__main__":
    print(main(Path(sys.argv[1])))  # noqa: T201
