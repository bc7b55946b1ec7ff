"""The closed lists of the system description, with what each word means in both languages.

The meanings are the only source of the choices' explanations: the JSON Schema, the template and the errors read them.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from shinrai.frameworks.model import Role
from shinrai.language import Bilingual


class Kind(StrEnum):
    """What kind of AI it is; a system may be several."""

    PREDICTIVE = "predictive"
    GENERATIVE = "generative"
    AGENT = "agent"
    PHYSICAL = "physical"
    RETRIEVAL = "retrieval"
    MULTIMODAL = "multimodal"
    GENERAL_PURPOSE = "general_purpose"
    ADVANCED = "advanced"


class Area(StrEnum):
    """Where in life the system is used, as far as a document treats that area apart."""

    BIOMETRICS = "biometrics"
    CRITICAL_INFRASTRUCTURE = "critical_infrastructure"
    EDUCATION = "education"
    EMPLOYMENT = "employment"
    ESSENTIAL_SERVICES = "essential_services"
    LAW_ENFORCEMENT = "law_enforcement"
    MIGRATION = "migration"
    JUSTICE = "justice"
    MEDICAL = "medical"
    AGRICULTURE = "agriculture"
    LOCAL_GOVERNMENT = "local_government"
    DEFENCE = "defence"
    CONTENT_CREATION = "content_creation"


class Likelihood(StrEnum):
    """How likely it is that the system does harm, as the organisation judges it."""

    RARE = "rare"
    POSSIBLE = "possible"
    LIKELY = "likely"


class Audience(StrEnum):
    """Who uses the system: axis A of the Japanese government's guideline on generative AI."""

    TEAM = "team"
    ORGANISATION = "organisation"
    PUBLIC = "public"


class DecisionLevel(StrEnum):
    """How much the system's output weighs on a person's life."""

    NONE = "none"
    LIMITED = "limited"
    SIGNIFICANT = "significant"
    CRITICAL = "critical"


class Autonomy(StrEnum):
    """Who takes the decision in the end."""

    ADVISES = "advises"
    DECIDES_WITH_REVIEW = "decides_with_review"
    DECIDES_ALONE = "decides_alone"


class DataClass(StrEnum):
    """What sort of data the system handles."""

    NONE = "none"
    PERSONAL = "personal"
    SENSITIVE = "sensitive"
    CONFIDENTIAL = "confidential"


class Stage(StrEnum):
    """Where the system stands in its life."""

    PROPOSED = "proposed"
    DEVELOPMENT = "development"
    PILOT = "pilot"
    IN_SERVICE = "in_service"
    RESTRICTED = "restricted"
    SUSPENDED = "suspended"
    RETIRED = "retired"


class TargetKind(StrEnum):
    """How a target is measured."""

    TABLE = "table"
    CHAT = "chat"
    RECORDS = "records"
    MODEL = "model"
    RESULTS = "results"


class SampleShare(StrEnum):
    """How much of the conversations with a target goes into the evidence bundle."""

    SAMPLES = "samples"
    COUNTS = "counts"


class FileShare(StrEnum):
    """Whether the file of another tool goes into the evidence bundle."""

    FILE = "file"
    COUNTS = "counts"


class ResultsTool(StrEnum):
    """Whose results a file holds."""

    INSPECT = "inspect"
    PROMPTFOO = "promptfoo"
    GARAK = "garak"
    MOONSHOT = "moonshot"


class Share(StrEnum):
    """How much of a target goes into the evidence bundle."""

    ROWS = "rows"
    COUNTS = "counts"


Meanings = Mapping[StrEnum, Bilingual]

ROLES: Final[Meanings] = {
    Role.DEVELOPER: Bilingual(
        ja="AI開発者：モデルを学習させ、またはAIシステムを構築する",
        en="AI developer: trains the model or builds the AI system",
    ),
    Role.PROVIDER: Bilingual(
        ja="AI提供者：AIをサービスや製品に組み込み、他者に提供する",
        en="AI provider: puts the AI into a service or product for others",
    ),
    Role.BUSINESS_USER: Bilingual(
        ja="AI利用者：自らの事業活動でAIを利用する",
        en="AI business user: uses the AI in its own business",
    ),
    Role.GOVERNMENT: Bilingual(ja="国または地方公共団体", en="national or local government"),
    Role.RESEARCH_INSTITUTE: Bilingual(ja="研究開発機関", en="research and development institute"),
}

KINDS: Final[Meanings] = {
    Kind.PREDICTIVE: Bilingual(ja="予測AI：点数・分類・予測値を出す", en="scores, classifies or forecasts"),
    Kind.GENERATIVE: Bilingual(
        ja="生成AI：文章・画像・音声・コードなどを生成する", en="writes text, images, sound or code"
    ),
    Kind.AGENT: Bilingual(
        ja="AIエージェント：ツールを用いて自ら手順を実行する", en="takes steps of its own through tools"
    ),
    Kind.PHYSICAL: Bilingual(
        ja="フィジカルAI：ロボット・車両など現実の機械を動かす", en="moves things in the physical world"
    ),
    Kind.RETRIEVAL: Bilingual(
        ja="検索拡張（RAG）：文書を検索し、それに基づいて回答する", en="answers from documents that it looks up"
    ),
    Kind.MULTIMODAL: Bilingual(
        ja="マルチモーダル：画像・音声・動画を入力または出力とする", en="takes in or produces images, sound or video"
    ),
    Kind.GENERAL_PURPOSE: Bilingual(
        ja="汎用AIモデル：用途を限定しないモデルを自ら提供する", en="a general-purpose model that you provide yourself"
    ),
    Kind.ADVANCED: Bilingual(
        ja="高度なAIシステム：最先端の基盤モデルおよびそれを用いるシステム",
        en="an advanced AI system: a most capable foundation model, or a system built on one",
    ),
}

AREAS: Final[Meanings] = {
    Area.BIOMETRICS: Bilingual(ja="生体認証・生体に基づく分類", en="biometric identification or categorisation"),
    Area.CRITICAL_INFRASTRUCTURE: Bilingual(ja="重要インフラの管理・運用", en="running critical infrastructure"),
    Area.EDUCATION: Bilingual(ja="教育・職業訓練", en="education and vocational training"),
    Area.EMPLOYMENT: Bilingual(ja="採用・人事・労務管理", en="hiring, promotion and the management of workers"),
    Area.ESSENTIAL_SERVICES: Bilingual(
        ja="与信・保険・給付など、生活に不可欠なサービスの利用可否",
        en="access to essential services: credit, insurance, benefits, emergency calls",
    ),
    Area.LAW_ENFORCEMENT: Bilingual(ja="犯罪の捜査・取締り", en="law enforcement"),
    Area.MIGRATION: Bilingual(ja="出入国管理・難民認定", en="migration, asylum and border control"),
    Area.JUSTICE: Bilingual(ja="司法・選挙その他の民主的手続", en="justice, elections and other democratic processes"),
    Area.MEDICAL: Bilingual(ja="医療・ヘルスケア", en="medicine and health care"),
    Area.AGRICULTURE: Bilingual(ja="農業", en="agriculture"),
    Area.LOCAL_GOVERNMENT: Bilingual(ja="地方公共団体の業務", en="the work of a local government"),
    Area.DEFENCE: Bilingual(ja="防衛装備", en="defence equipment"),
    Area.CONTENT_CREATION: Bilingual(ja="公表するコンテンツの制作", en="creating content for publication"),
}

LIKELIHOODS: Final[Meanings] = {
    Likelihood.RARE: Bilingual(ja="まれ：通常の利用では起こらない", en="not in ordinary use"),
    Likelihood.POSSIBLE: Bilingual(ja="起こりうる：利用期間中に一度は起こりうる", en="once or so while it is in use"),
    Likelihood.LIKELY: Bilingual(ja="起こりやすい：繰り返し起こると見込まれる", en="expected again and again"),
}

AUDIENCES: Final[Meanings] = {
    Audience.TEAM: Bilingual(ja="特定の担当者・部署に限られる", en="a few named people or one unit"),
    Audience.ORGANISATION: Bilingual(ja="組織内の職員・社員が広く使う", en="people throughout the organisation"),
    Audience.PUBLIC: Bilingual(ja="組織外の人が使う", en="people outside the organisation"),
}

DECISION_LEVELS: Final[Meanings] = {
    DecisionLevel.NONE: Bilingual(ja="人に関する判断には影響しない", en="no decision about a person rests on it"),
    DecisionLevel.LIMITED: Bilingual(ja="影響は小さく、容易にやり直せる", en="the effect is small and easily undone"),
    DecisionLevel.SIGNIFICANT: Bilingual(
        ja="与信・雇用・教育・行政サービスなど、生活上の機会を左右する",
        en="it opens or closes chances in life: credit, work, education, public services",
    ),
    DecisionLevel.CRITICAL: Bilingual(
        ja="生命・身体・自由・基本的権利に関わる", en="life, health, liberty or a fundamental right is at stake"
    ),
}

AUTONOMY: Final[Meanings] = {
    Autonomy.ADVISES: Bilingual(ja="助言のみ：判断は人が行う", en="it advises; a person decides"),
    Autonomy.DECIDES_WITH_REVIEW: Bilingual(
        ja="AIが判断し、実施の前に人が確認する", en="it decides; a person reviews before the decision takes effect"
    ),
    Autonomy.DECIDES_ALONE: Bilingual(
        ja="AIが判断し、そのまま実施される", en="it decides and the decision takes effect by itself"
    ),
}

DATA_CLASSES: Final[Meanings] = {
    DataClass.NONE: Bilingual(
        ja="個人情報も秘密情報も扱わない（単独でのみ指定できる）",
        en="neither personal nor confidential data; stands alone",
    ),
    DataClass.PERSONAL: Bilingual(ja="個人情報", en="personal data"),
    DataClass.SENSITIVE: Bilingual(
        ja="要配慮個人情報（病歴・信条・犯罪歴など）",
        en="special-care personal data: health, creed, criminal record and the like",
    ),
    DataClass.CONFIDENTIAL: Bilingual(ja="営業秘密などの秘密情報", en="trade secrets and other confidential data"),
}

STAGES: Final[Meanings] = {
    Stage.PROPOSED: Bilingual(ja="企画", en="an idea, not yet built"),
    Stage.DEVELOPMENT: Bilingual(ja="開発", en="being built; no one is affected yet"),
    Stage.PILOT: Bilingual(ja="試行", en="tried out on a limited number of people"),
    Stage.IN_SERVICE: Bilingual(ja="本番運用", en="in regular use"),
    Stage.RESTRICTED: Bilingual(ja="利用制限中", en="in use under restrictions"),
    Stage.SUSPENDED: Bilingual(ja="一時停止", en="stopped for the time being"),
    Stage.RETIRED: Bilingual(ja="廃止", en="taken out of use"),
}

TARGET_KINDS: Final[Meanings] = {
    TargetKind.TABLE: Bilingual(ja="判断結果の表（Parquet または CSV）", en="a table of decisions in Parquet or CSV"),
    TargetKind.CHAT: Bilingual(
        ja="対話システム（OpenAI互換のエンドポイント）", en="a system that talks, behind an OpenAI-compatible endpoint"
    ),
    TargetKind.RECORDS: Bilingual(ja="収集済みの回答のファイル", en="a file of answers that were collected"),
    TargetKind.MODEL: Bilingual(
        ja="手元のフォルダーにある言語モデル（要 shinrai[huggingface]）",
        en="a language model in a folder of your own (needs shinrai[huggingface])",
    ),
    TargetKind.RESULTS: Bilingual(ja="他のツールによる評価結果のファイル", en="a file of results from another tool"),
}

SHARES: Final[Meanings] = {
    Share.ROWS: Bilingual(
        ja="ファイルをそのまま証拠バンドルに収める。受け取った人が全行を読める",
        en="the file goes into the evidence bundle; whoever receives the bundle can read every row",
    ),
    Share.COUNTS: Bilingual(
        ja="集計値だけを収める。行は手元に残る",
        en="aggregates alone go into the bundle; the rows stay with you",
    ),
}

SAMPLE_SHARES: Final[Meanings] = {
    SampleShare.SAMPLES: Bilingual(
        ja="質問と回答を証拠バンドルに収める。受け取った人がすべて読める",
        en="prompts and answers go into the evidence bundle; whoever receives the bundle can read them",
    ),
    SampleShare.COUNTS: Bilingual(
        ja="集計値だけを収める。質問と回答は手元に残る",
        en="aggregates alone go into the bundle; prompts and answers stay with you",
    ),
}

FILE_SHARES: Final[Meanings] = {
    FileShare.FILE: Bilingual(
        ja="ファイルをそのまま証拠バンドルに収める。受け取った人がすべて読める",
        en="the file goes into the evidence bundle; whoever receives the bundle can read all of it",
    ),
    FileShare.COUNTS: Bilingual(
        ja="集計値だけを収める。ファイルは手元に残る",
        en="aggregates alone go into the bundle; the file stays with you",
    ),
}

RESULTS_TOOLS: Final[Meanings] = {
    ResultsTool.INSPECT: Bilingual(ja="Inspect（.eval または .json のログ）", en="Inspect: a log, .eval or .json"),
    ResultsTool.PROMPTFOO: Bilingual(ja="promptfoo（.json）", en="promptfoo: .json"),
    ResultsTool.GARAK: Bilingual(ja="garak（.report.jsonl）", en="garak: .report.jsonl"),
    ResultsTool.MOONSHOT: Bilingual(ja="Moonshot（.json）", en="Moonshot: .json"),
}
