"""The system description: what is assessed, who answers for it, and how it is measured.

Everything here is immutable. Rules that tie one field to another are in `rules`; a `Description` cannot be made that
breaks one of them.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import Field, PrivateAttr, model_validator
from pydantic_core import PydanticCustomError

from shinrai.frameworks.model import Role
from shinrai.language import Place
from shinrai.systems.checks import Checks
from shinrai.systems.fields import (
    Day,
    Days,
    Distinct,
    FormatVersion,
    FrameworkId,
    FrameworkPath,
    Identifier,
    InsidePath,
    Label,
    LeafId,
    OneOf,
    Record,
    Region,
    RequirementId,
    TargetName,
    Text,
    WebAddress,
    YesOrNo,
    says,
)
from shinrai.systems.rules import breaches
from shinrai.systems.targets import Target
from shinrai.systems.vocabulary import (
    AREAS,
    AUDIENCES,
    AUTONOMY,
    DATA_CLASSES,
    DECISION_LEVELS,
    KINDS,
    LIKELIHOODS,
    ROLES,
    STAGES,
    Area,
    Audience,
    Autonomy,
    DataClass,
    DecisionLevel,
    Kind,
    Likelihood,
    Stage,
)

_SOME = Field(min_length=1, max_length=50)
_MANY = Field(max_length=500)


class DecisionEffect(Record):
    """What hangs on the output for the people it is about."""

    level: Annotated[
        Annotated[DecisionLevel, OneOf(DECISION_LEVELS)],
        says("How much hangs on it.", "影響の大きさ。"),
    ]
    text: Annotated[
        Text,
        says("What happens to a person because of the output.", "出力によって対象者に何が起こるか。"),
    ]


class Supplier(Record):
    """Whose service the system stands on."""

    name: Annotated[Label, says("The supplier's name.", "委託先・提供元の名称。")]
    service: Annotated[Label, says("The service used.", "利用しているサービス。")]
    terms_version: Annotated[
        Label,
        says(
            "Version or date of the terms in force. When it changes, earlier decisions lapse.",
            "適用される規約の版または日付。変わると、それまでの決定は失効する。",
        ),
    ]


class Model(Record):
    """The model inside the system. At most one of file and endpoint."""

    name: Annotated[Label, says("The model's name.", "モデルの名称。")]
    version: Annotated[
        Label,
        says(
            "The model's version. When it changes, earlier decisions lapse.",
            "モデルの版。変わると、それまでの決定は失効する。",
        ),
    ]
    file: Annotated[
        InsidePath | None,
        says("The model's file, relative to this description.", "モデルのファイル。この記述書からの相対パス。"),
    ] = None
    endpoint: Annotated[
        WebAddress | None,
        says(
            "The model's web address, without user name, password or key.",
            "モデルのURL。ユーザー名・パスワード・キーは書かない。",
        ),
    ] = None


class RiskJudgement(Record):
    """What the organisation itself judges about the risk; the tier is derived from this and the facts of the system."""

    likelihood: Annotated[
        Annotated[Likelihood, OneOf(LIKELIHOODS)],
        says(
            "How likely it is that the system does harm.",
            "システムによる被害がどの程度起こりやすいか。",
        ),
    ]
    reason: Annotated[Text, says("Why you judge it so.", "そう判断する理由。")]
    audience: Annotated[Annotated[Audience, OneOf(AUDIENCES)], says("Who uses it.", "利用者の範囲。")]
    trains_on_inputs: Annotated[
        YesOrNo,
        says(
            "Whether what users enter is used to train a model.",
            "利用者の入力がモデルの学習に使われるか。",
        ),
    ] = False


class EuClass(Record):
    """What decides the class under the EU AI Act and cannot be told from the other facts."""

    prohibited_practice: Annotated[
        YesOrNo,
        says("Whether it falls under a practice listed in Article 5.", "第5条の禁止される行為に当たるか。"),
    ] = False
    regulated_product: Annotated[
        YesOrNo,
        says(
            "Whether it is, or protects, a product under the laws of Annex I that a third party has to assess.",
            "附属書Iの法令により第三者評価を要する製品、またはその安全部品であるか。",
        ),
    ] = False
    systemic_risk: Annotated[
        YesOrNo,
        says(
            "Whether it is a general-purpose model with systemic risk.",
            "システミックリスクを有する汎用AIモデルであるか。",
        ),
    ] = False


class System(Record):
    """What the system is and does."""

    id: Annotated[
        Identifier,
        says(
            "A short name for files and logs: lower-case letters, digits and hyphens.",
            "ファイルや記録に用いる短い名前。英小文字・数字・ハイフン。",
        ),
    ]
    version: Annotated[Label, says("The version of the system that is assessed.", "評価するシステムの版。")]
    name: Annotated[Text, says("The system's name.", "システムの名称。")]
    purpose: Annotated[
        Text,
        says("What it is for, and what it must not be used for.", "何のためのシステムか。使ってはならない用途も書く。"),
    ]
    roles: Annotated[
        Annotated[tuple[Annotated[Role, OneOf(ROLES)], ...], _SOME, Distinct],
        says(
            "Your organisation's part in this system. It selects the requirements that apply.",
            "このシステムにおける自組織の立場。適用される要求事項はこれで決まる。",
        ),
    ]
    kinds: Annotated[
        Annotated[tuple[Annotated[Kind, OneOf(KINDS)], ...], _SOME, Distinct],
        says("The kind of AI; several are possible.", "AIの種類。複数を指定できる。"),
    ]
    affected_people: Annotated[Text, says("Who is affected, users or not.", "影響を受ける人。利用者に限らない。")]
    decision_effect: Annotated[DecisionEffect, says("What hangs on the output for a person.", "出力が人に及ぼす影響。")]
    autonomy: Annotated[
        Annotated[Autonomy, OneOf(AUTONOMY)],
        says("Who takes the decision in the end.", "最終的に誰が判断するか。"),
    ]
    data: Annotated[
        Annotated[tuple[Annotated[DataClass, OneOf(DATA_CLASSES)], ...], _SOME, Distinct],
        says("What sort of data the system handles.", "システムが扱う情報の種類。"),
    ]
    government_use: Annotated[
        YesOrNo,
        says("Whether national or local government uses it.", "国または地方公共団体が利用するか。"),
    ]
    public_facing: Annotated[
        YesOrNo,
        says("Whether people outside the organisation use it directly.", "組織外の人が直接利用するか。"),
    ]
    stage: Annotated[Annotated[Stage, OneOf(STAGES)], says("Where it stands in its life.", "現在の段階。")]
    regions: Annotated[
        Annotated[tuple[Region, ...], Field(min_length=1, max_length=250), Distinct],
        says(
            "Where it is used, as two-letter country codes (ISO 3166-1).",
            "利用する国・地域。ISO 3166-1の2文字の国コード。",
        ),
    ]
    areas: Annotated[
        Annotated[tuple[Annotated[Area, OneOf(AREAS)], ...], _MANY, Distinct],
        says(
            "Areas of life it is used in that some document treats apart; empty if none.",
            "個別の指針等がある利用分野。なければ空。",
        ),
    ] = ()
    risk: Annotated[
        RiskJudgement | None,
        says(
            "Your judgement of the risk. Unless written, the most cautious one is taken.",
            "リスクについての自組織の判断。書かなければ最も慎重なものとみなす。",
        ),
    ] = None
    eu: Annotated[
        EuClass,
        says("For use in the EU: what decides the class there.", "EUで利用する場合に、その区分を定める事項。"),
    ] = EuClass()
    suppliers: Annotated[
        Annotated[tuple[Supplier, ...], _MANY],
        says("Services of others that the system stands on.", "システムが依存する外部のサービス。"),
    ] = ()
    model: Annotated[Model, says("The model inside the system.", "システムに用いるモデル。")]


class FrameworkPin(Record):
    """A framework and the version that is used."""

    id: Annotated[FrameworkId, says("The framework's id.", "枠組み（指針等）の識別子。")]
    version: Annotated[Label, says("The version that is used.", "用いる版。")]
    file: Annotated[
        FrameworkPath | None,
        says(
            "The framework's file, relative to this description, if it is your own.",
            "自組織で用意した枠組みのファイル。この記述書からの相対パス。",
        ),
    ] = None


class Person(Record):
    """Someone who answers for something."""

    id: Annotated[
        Identifier,
        says("The name this file calls the person by.", "このファイルの中でこの人を指す名前。"),
    ]
    name: Annotated[Text, says("The person's name.", "氏名。")]
    position: Annotated[Text, says("The person's position.", "役職。")]


class AttestationRequest(Record):
    """What a named person is ready to sign. It is no evidence until that person has signed it."""

    id: Annotated[Identifier, says("A name for this attestation.", "この表明の名前。")]
    shows: Annotated[
        LeafId,
        says(
            "The piece of evidence it is: the requirement's id, a full stop and the evidence's name.",
            "どの証拠に当たるか。要求事項の識別子と証拠の名前をピリオドでつないで書く。",
        ),
    ]
    by: Annotated[Identifier, says("The id of the person who signs.", "署名する人のid。")]
    statement: Annotated[
        Text,
        says(
            "What the person states, as a fact that can be checked; never a result.",
            "本人が述べる、確かめられる事実。評価の結果は書かない。",
        ),
    ]
    document: Annotated[
        InsidePath | None,
        says(
            "A document that backs it, relative to this description, or null.",
            "裏付けとなる文書。この記述書からの相対パス。なければ null。",
        ),
    ] = None
    expires: Annotated[
        Day,
        Days,
        says(
            "The last day it holds (YYYY-MM-DD); after it the result changes by itself.",
            "有効期限（YYYY-MM-DD）。過ぎると結果は自動的に変わる。",
        ),
    ]


class NotApplicable(Record):
    """A requirement that does not apply, and why."""

    requirement: Annotated[RequirementId, says("The requirement's id.", "要求事項の識別子。")]
    reason: Annotated[Text, says("Why it does not apply to this system.", "このシステムに当てはまらない理由。")]


class Scope(Record):
    """What is left out of the assessment, and who approves that."""

    approver: Annotated[
        Identifier,
        says("The id of the person who approves the scope.", "評価の範囲を承認する人のid。"),
    ]
    not_applicable: Annotated[
        Annotated[tuple[NotApplicable, ...], _MANY],
        says(
            "Requirements that do not apply, each with its reason.",
            "当てはまらない要求事項。それぞれに理由を書く。",
        ),
    ] = ()


class Description(Record):
    """A whole system description."""

    shinrai: Annotated[
        FormatVersion,
        says("The version of this file format: 1.", "このファイル形式の版。1と書く。"),
    ]
    system: Annotated[System, says("What is assessed.", "評価するシステム。")]
    frameworks: Annotated[
        Annotated[tuple[FrameworkPin, ...], _SOME],
        says("The guidelines to assess against.", "評価に用いる指針等。"),
    ]
    people: Annotated[
        Annotated[tuple[Person, ...], _MANY],
        says("The people who answer for something in this file.", "このファイルの事項について責任を負う人。"),
    ] = ()
    targets: Annotated[
        Annotated[Mapping[TargetName, Target], Field(max_length=50)],
        says("What is measured; each target has a name of your choice.", "測定の対象。名前は自由に付けられる。"),
    ] = Field(default_factory=dict)
    checks: Annotated[
        Checks,
        says("Settings of the checks, where the defaults do not fit.", "既定値が合わない場合の、検証の設定。"),
    ] = Checks()
    attestations: Annotated[
        Annotated[tuple[AttestationRequest, ...], _MANY],
        says("What named people are ready to sign.", "氏名を示して署名する事項。"),
    ] = ()
    scope: Annotated[
        Scope | None,
        says("What is left out, and who approves that.", "評価から除くものと、その承認者。"),
    ] = None
    required: Annotated[
        Annotated[tuple[RequirementId, ...], Field(min_length=1, max_length=1000), Distinct] | None,
        says(
            "The requirements the conclusion rests on; all that apply unless written.",
            "結論の根拠とする要求事項。書かなければ、適用されるすべて。",
        ),
    ] = None
    validity_days: Annotated[
        Days,
        says(
            "For how many days a measurement counts; 180 unless written.",
            "測定の結果を有効とする日数。書かなければ180。",
        ),
    ] = 180

    _digest: str | None = PrivateAttr(default=None)
    _locate: Callable[[tuple[str | int, ...]], Place] | None = PrivateAttr(default=None)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        """Refuse what breaks a rule between fields; the reader reports every breach, with its place."""
        for breach in breaches(self.canonical()):
            raise PydanticCustomError("rule", "{what}", {"what": str(breach.what)})
        return self

    @property
    def digest(self) -> str:
        """SHA-256 (lowercase hex) of the file this was read from. ValueError when it was not read from one."""
        if self._digest is None:
            raise ValueError("this description was not read from a file, so it has no digest")
        return self._digest

    @property
    def roles(self) -> frozenset[Role]:
        """The organisation's roles, for selecting requirements."""
        return frozenset(self.system.roles)

    @property
    def facts(self) -> frozenset[str]:
        """The facts that make a requirement apply, in the vocabulary of the frameworks room."""
        from shinrai.systems.facts import facts  # it reads descriptions, so it cannot be imported before them

        return facts(self.system)

    def place(self, path: tuple[str | int, ...]) -> Place | None:
        """Return where a field stands in the file, such as `("targets", "decisions", "file")`; None without a file."""
        return self._locate(path) if self._locate is not None else None

    def person(self, identifier: str) -> Person:
        """Return a person by id; KeyError when there is none."""
        return {person.id: person for person in self.people}[identifier]

    def canonical(self) -> dict[str, Any]:
        """Return everything the description says, defaults included, as JSON's own types."""
        return self.model_dump(mode="json")

    def material(self) -> dict[str, Any]:
        """Return the facts whose change makes a decision lapse, as JSON's own types and free of the order of lists."""
        system = self.system
        return {
            "areas": _sorted(system.areas),
            "autonomy": str(system.autonomy),
            "data": _sorted(system.data),
            "frameworks": sorted([pin.id, pin.version] for pin in self.frameworks),
            "government_use": system.government_use,
            "kinds": _sorted(system.kinds),
            "model": system.model.model_dump(mode="json"),
            "eu": system.eu.model_dump(mode="json"),
            "risk": system.risk.model_dump(mode="json", exclude={"reason"}) if system.risk else None,
            "roles": _sorted(system.roles),
            "suppliers": sorted([each.name, each.service, each.terms_version] for each in system.suppliers),
        }


def _sorted(values: tuple[StrEnum, ...]) -> list[str]:
    return sorted(str(value) for value in values)
