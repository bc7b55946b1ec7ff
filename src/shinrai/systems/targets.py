"""What is measured: tables of decisions, systems that talk, collected answers, and results of other tools."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import Discriminator, Field, Tag

from shinrai.systems.fields import (
    AboveZero,
    Cell,
    Count,
    Distinct,
    FrameworkPath,
    HeaderName,
    HeaderValue,
    Identifier,
    InsidePath,
    Label,
    LeafId,
    OneOf,
    Proportion,
    Prose,
    Record,
    Reference,
    Repeats,
    Seed,
    SuiteId,
    TablePath,
    Temperature,
    Text,
    WebAddress,
    YesOrNo,
    ZeroOrMore,
    says,
    secret_headers,
)
from shinrai.systems.vocabulary import (
    FILE_SHARES,
    RESULTS_TOOLS,
    SAMPLE_SHARES,
    SHARES,
    FileShare,
    ResultsTool,
    SampleShare,
    Share,
    TargetKind,
)

_SOME: Final = Field(min_length=1, max_length=50)


class TableTarget(Record):
    """A table of decisions. Columns are named as in the file."""

    kind: Annotated[Literal[TargetKind.TABLE], says("A table of decisions.", "判断結果の表。")]
    file: Annotated[
        TablePath,
        says(
            "The Parquet or CSV file, relative to this description.",
            "Parquet または CSV のファイル。この記述書からの相対パス。",
        ),
    ]
    label: Annotated[
        Label,
        says("The column that holds what really happened or was right.", "実際の結果または正解の列。"),
    ]
    prediction: Annotated[
        Label | None,
        says("The column that holds what the system decided.", "システムの判断の列。"),
    ] = None
    score: Annotated[
        Label | None,
        says(
            "The column that holds the probability of the favourable outcome, from 0 to 1.",
            "有利な結果となる確率（0から1）の列。",
        ),
    ] = None
    threshold: Annotated[
        Proportion | None,
        says(
            "From this score on the decision is favourable. Needed where there is no prediction column.",
            "スコアがこの値以上なら有利な判断とする。判断の列がないときに必要。",
        ),
    ] = None
    favourable: Annotated[
        Cell,
        says(
            "The value of label and prediction that is good for the person.",
            "正解と判断の列の値のうち、本人にとって有利なもの。",
        ),
    ]
    groups: Annotated[
        Annotated[tuple[Label, ...], _SOME, Distinct],
        says("The columns whose groups are compared.", "集団どうしを比較する列。"),
    ]
    intersections: Annotated[
        Annotated[
            tuple[Annotated[tuple[Label, ...], Field(min_length=2, max_length=5), Distinct], ...],
            Field(max_length=50),
            Distinct,
        ],
        says("Group columns to be crossed, such as [[race, sex]].", "掛け合わせる集団の列。例：[[race, sex]]。"),
    ] = ()
    strata: Annotated[
        Annotated[tuple[Label, ...], Field(max_length=5), Distinct],
        says(
            "Columns of circumstances, such as [department]: groups are also compared among rows alike in them.",
            "条件を揃えるための列。例：[department]。これらの値がすべて同じ行の中でも集団を比較する。",
        ),
    ] = ()
    cluster: Annotated[
        Label | None,
        says(
            "The column that says which rows belong together, such as those of one person or household.",
            "同じ人や世帯など、ひとまとまりとして扱う行を示す列。",
        ),
    ] = None
    weight: Annotated[
        Label | None,
        says(
            "The column of sampling weights: how many of the population a row stands for.",
            "標本の重みの列。1行が母集団の何件を代表するかを示す。",
        ),
    ] = None
    share: Annotated[
        Annotated[Share, OneOf(SHARES)],
        says("How much of the table the evidence bundle carries.", "証拠バンドルに表のどこまでを収めるか。"),
    ]


class SuiteUse(Record):
    """A suite of probes and the version that is used."""

    id: Annotated[SuiteId, says("The suite's id.", "スイートの識別子。")]
    version: Annotated[Label, says("The version that is used.", "用いる版。")]
    file: Annotated[
        FrameworkPath | None,
        says(
            "The suite's file, relative to this description, if it is your own.",
            "自組織で用意したスイートのファイル。この記述書からの相対パス。",
        ),
    ] = None


class JudgeWaiver(Record):
    """Why a judge may be the system that it judges."""

    reason: Annotated[Text, says("The reason.", "理由。")]
    approver: Annotated[Identifier, says("Who allows it, by the id under “people”.", "承認者（people の id）。")]


class JudgeUse(Record):
    """The model that is asked what no rule can tell."""

    file: Annotated[
        FrameworkPath,
        says(
            "The judge's description, relative to this one.",
            "判定者の記述（YAML）。この記述書からの相対パス。",
        ),
    ]
    calibration: Annotated[
        InsidePath | None,
        says(
            "Its signed calibration; without one its verdicts decide nothing.",
            "署名付きの校正記録。なければ判定は参考にとどまる。",
        ),
    ] = None
    waiver: Annotated[
        JudgeWaiver | None,
        says("Why it may be the system itself.", "判定者が評価対象のシステム自身でもよい理由。"),
    ] = None


class ConversationTarget(Record):
    """What every target that answers has: the suites that are put to it, and how much of it is shared."""

    suites: Annotated[
        Annotated[tuple[SuiteUse, ...], _SOME],
        says("The suites of probes that are put to it.", "このシステムに出す質問のスイート。"),
    ]
    judge: Annotated[
        JudgeUse | None,
        says(
            "The model that answers the suites' scorer “requirement”.",
            "スイートの採点者「requirement」に答える判定モデル。",
        ),
    ] = None
    repeats: Annotated[
        Repeats | None,
        says(
            "How often each prompt is put; what the suite says unless written.",
            "各プロンプトを出す回数。書かなければスイートの定めによる。",
        ),
    ] = None
    seed: Annotated[
        Seed,
        says(
            "Seed of what is drawn, such as variations; 0 unless written.",
            "言い換えなどを選ぶ乱数の種。書かなければ0。",
        ),
    ] = 0
    share: Annotated[
        Annotated[SampleShare, OneOf(SAMPLE_SHARES)],
        says(
            "How much of the conversations the evidence bundle carries.",
            "証拠バンドルに質問と回答のどこまでを収めるか。",
        ),
    ]


class Sampling(Record):
    """How the model draws its answer; what is not written is the server's default."""

    temperature: Annotated[
        Temperature | None, says("Randomness of the answer; 0 for the least.", "回答のランダムさ。0が最小。")
    ] = None
    top_p: Annotated[
        Proportion | None,
        says("Share of probability that is drawn from.", "候補とする確率の累積割合。"),
    ] = None
    max_tokens: Annotated[Count | None, says("Tokens of one answer at most.", "一つの回答の最大トークン数。")] = None
    seed: Annotated[
        Seed | None,
        says(
            "Seed for the server; repeats are asked with the numbers that follow.",
            "サーバーに渡す乱数の種。繰り返しには続く番号を用いる。",
        ),
    ] = None
    stop: Annotated[
        Annotated[tuple[Label, ...], Field(max_length=4)],
        says("Texts at which an answer ends.", "回答を打ち切る文字列。"),
    ] = ()


class TokenPrices(Record):
    """What the supplier asks for a million tokens."""

    input: Annotated[ZeroOrMore, says("Price of a million tokens in.", "入力100万トークンの価格。")]
    output: Annotated[ZeroOrMore, says("Price of a million tokens out.", "出力100万トークンの価格。")]
    currency: Annotated[Label, says("The currency, such as JPY.", "通貨。例：JPY。")]


class Limits(Record):
    """How fast and for how much a system is asked."""

    in_flight: Annotated[
        Count, says("Samples asked at the same time at most; 64 unless written.", "同時に出す最大数。書かなければ64。")
    ] = 64
    deadline_seconds: Annotated[
        AboveZero,
        says(
            "Seconds for one answer, retries included; 120 unless written.",
            "一つの回答を待つ秒数（再試行を含む）。書かなければ120。",
        ),
    ] = 120.0
    requests_per_minute: Annotated[
        AboveZero | None, says("Requests a minute at most.", "1分あたりの最大リクエスト数。")
    ] = None
    tokens_per_minute: Annotated[AboveZero | None, says("Tokens a minute at most.", "1分あたりの最大トークン数。")] = (
        None
    )
    prices: Annotated[
        TokenPrices | None,
        says(
            "What a million tokens cost; needed for a cost limit.",
            "100万トークンの価格。費用の上限を設ける場合に必要。",
        ),
    ] = None
    cost_limit: Annotated[
        AboveZero | None,
        says(
            "Stop before a suite costs more, in the currency of the prices.",
            "スイートごとの費用の上限。価格と同じ通貨。超える前に止まる。",
        ),
    ] = None


class ChatTarget(ConversationTarget):
    """A system that talks, behind an OpenAI-compatible endpoint."""

    kind: Annotated[Literal[TargetKind.CHAT], says("A system that talks.", "対話システム。")]
    address: Annotated[
        WebAddress,
        says(
            "The endpoint's address, such as https://host/v1, without user name, password or key.",
            "エンドポイントのURL（https://host/v1 など）。ユーザー名・パスワード・キーは書かない。",
        ),
    ]
    model: Annotated[Label, says("The model to ask for.", "指定するモデルの名称。")]
    key: Annotated[
        Reference | None,
        says(
            "Where the key is: env:NAME or file:PATH, never the key itself.",
            "キーの在りか。env:名前 または file:パス と書き、キー自体は書かない。",
        ),
    ] = None
    headers: Annotated[
        Annotated[Mapping[HeaderName, HeaderValue], Field(max_length=20), secret_headers],
        says(
            "Further headers; what is secret is given as env:NAME or file:PATH.",
            "追加のヘッダー。秘密の値は env:名前 または file:パス と書く。",
        ),
    ] = Field(default_factory=dict)
    stream: Annotated[YesOrNo, says("Whether answers are streamed.", "回答をストリーミングで受け取るか。")] = False
    system: Annotated[
        Prose | None,
        says("Instructions sent before every prompt.", "すべてのプロンプトの前に送る指示。"),
    ] = None
    sampling: Annotated[Sampling, says("How the model draws its answer.", "回答の生成条件。")] = Sampling()
    limits: Annotated[Limits, says("How fast and for how much it is asked.", "速さと費用の制限。")] = Limits()


class Columns(Record):
    """What the columns of collected answers are called."""

    answer: Annotated[Label, says("The column of the answer.", "回答の列。")] = "answer"
    question: Annotated[
        Label | None, says("The column of the question; not needed with “probe”.", "質問の列。「probe」があれば不要。")
    ] = "question"
    probe: Annotated[Label | None, says("The column of the probe's id.", "プローブのidの列。")] = None
    variation: Annotated[Label | None, says("The column of the variation's name.", "変形の名称の列。")] = None
    repeat: Annotated[Label | None, says("The column of the repeat, from 0.", "繰り返しの番号（0から）の列。")] = None
    turn: Annotated[Label | None, says("The column of the turn, from 0.", "発話の番号（0から）の列。")] = None
    model: Annotated[Label | None, says("The column of the model's name.", "モデルの名称の列。")] = None


class RecordsTarget(ConversationTarget):
    """Answers that were collected, so that the system itself need not be reached."""

    kind: Annotated[Literal[TargetKind.RECORDS], says("Answers that were collected.", "収集済みの回答。")]
    file: Annotated[
        InsidePath,
        says(
            "The .jsonl, .csv or .parquet file, relative to this description.",
            ".jsonl・.csv・.parquet のファイル。この記述書からの相対パス。",
        ),
    ]
    columns: Annotated[Columns, says("What its columns are called.", "列の名前。")] = Columns()


class ModelTarget(ConversationTarget):
    """A language model in a folder, loaded by transformers."""

    kind: Annotated[Literal[TargetKind.MODEL], says("A language model in a folder.", "フォルダーにある言語モデル。")]
    folder: Annotated[
        Label,
        says(
            "The folder as transformers saves a model, relative to this description or from the root.",
            "transformers が保存した形のフォルダー。この記述書からの相対パス、または絶対パス。",
        ),
    ]
    system: Annotated[
        Prose | None,
        says("Instructions sent before every prompt.", "すべてのプロンプトの前に送る指示。"),
    ] = None
    sampling: Annotated[Sampling, says("How the model draws its answer.", "回答の生成条件。")] = Sampling()
    batch: Annotated[
        Count, says("Questions answered together; 8 unless written.", "まとめて処理する質問の数。書かなければ8。")
    ] = 8
    device: Annotated[
        Label,
        says(
            "Where it runs: auto, cpu, mps, cuda or cuda:1; auto unless written.",
            "実行する装置。auto・cpu・mps・cuda・cuda:1 など。書かなければ auto。",
        ),
    ] = "auto"
    deadline_seconds: Annotated[
        AboveZero,
        says("Seconds for one answer; 600 unless written.", "一つの回答を待つ秒数。書かなければ600。"),
    ] = 600.0


class ImportedMetric(Record):
    """A metric of another tool that is taken over, and the limit it is held against."""

    name: Annotated[Label, says("The metric's name in the file.", "ファイルにある指標の名称。")]
    at_least: Annotated[
        Proportion | None,
        says("The value it must reach; without a limit it informs only.", "達すべき値。なければ参考値とする。"),
    ] = None
    at_most: Annotated[
        Proportion | None,
        says("The value it must not exceed.", "超えてはならない値。"),
    ] = None


class ResultsTarget(Record):
    """A file of results that another tool produced: evidence of origin “imported”."""

    kind: Annotated[Literal[TargetKind.RESULTS], says("Results of another tool.", "他のツールの評価結果。")]
    file: Annotated[
        InsidePath,
        says("The file, relative to this description.", "ファイル。この記述書からの相対パス。"),
    ]
    tool: Annotated[
        Annotated[ResultsTool, OneOf(RESULTS_TOOLS)] | None,
        says(
            "Whose file it is; looked up in the file unless written.",
            "どのツールか。書かなければファイルから判断する。",
        ),
    ] = None
    metrics: Annotated[
        Annotated[tuple[ImportedMetric, ...], _SOME],
        says("The metrics that are taken over.", "取り込む指標。"),
    ]
    shows: Annotated[
        Annotated[tuple[LeafId, ...], Field(max_length=50), Distinct],
        says(
            "The expected evidence that these metrics show together.",
            "これらの指標が合わせて示す証拠（期待される証拠のid）。",
        ),
    ] = ()
    share: Annotated[
        Annotated[FileShare, OneOf(FILE_SHARES)],
        says("How much of the file the evidence bundle carries.", "証拠バンドルにファイルのどこまでを収めるか。"),
    ]


def _kind_of(value: Any) -> str | None:
    kind = value.get("kind") if isinstance(value, Mapping) else getattr(value, "kind", None)
    return str(kind) if isinstance(kind, str) else None


Target = Annotated[
    Annotated[TableTarget, Tag(TargetKind.TABLE.value)]
    | Annotated[ChatTarget, Tag(TargetKind.CHAT.value)]
    | Annotated[RecordsTarget, Tag(TargetKind.RECORDS.value)]
    | Annotated[ModelTarget, Tag(TargetKind.MODEL.value)]
    | Annotated[ResultsTarget, Tag(TargetKind.RESULTS.value)],
    Discriminator(_kind_of),
]
