"""No system is its own judge: a target and its judge have to be different models, unless somebody answers for it."""

from collections.abc import Iterable
from dataclasses import dataclass

from shinrai.evaluate.targets.chat import ChatTarget, endpoint
from shinrai.language import Bilingual, ShinraiError, message


@dataclass(frozen=True, slots=True)
class Waiver:
    """Somebody's declaration that a judge is used although it is, or may be, the target itself."""

    reason: Bilingual
    approver: str

    def __post_init__(self) -> None:
        if not (self.reason.ja.strip() and self.reason.en.strip() and self.approver.strip()):
            raise ShinraiError(
                message("A waiver needs a reason in Japanese and in English, and the name of who approves it."),
                fix=message("Write them, or choose another judge."),
            )


def require_other_model(target: ChatTarget, judge: ChatTarget, waiver: Waiver | None) -> Waiver | None:
    """Refuse a judge at the address and with the model of the target; before anything is asked.

    Returns the waiver where it was needed, for the result to carry it. ShinraiError without one.
    """
    same = _address(target) == _address(judge) and _name(target.model) == _name(judge.model)
    return _allow(same, judge.model, waiver)


def require_other_report(
    target_models: Iterable[str | None], judge_models: Iterable[str | None], waiver: Waiver | None
) -> Waiver | None:
    """Refuse a judge that reports the model which the target reported; after both have answered.

    None and empty names stand for an endpoint that reports none; they are like no other.
    """
    reported = {_name(model) for model in target_models if model}
    both = sorted(reported & {_name(model) for model in judge_models if model})
    return _allow(bool(both), ", ".join(both), waiver)


def _address(target: ChatTarget) -> str:
    return endpoint(target.url).casefold()


def _name(model: str) -> str:
    return model.strip().casefold()


def _allow(same: bool, model: str, waiver: Waiver | None) -> Waiver | None:
    if not same:
        return None
    if waiver is None:
        raise ShinraiError(
            message("The judge is the model that is to be judged ({model}).", model=model[:80]),
            fix=message("Choose another judge, or declare a waiver with a reason and an approver."),
        )
    return waiver
