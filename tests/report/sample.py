"""One assessment with everything a report has to cope with, made by hand.

It holds every result, every outcome, suppressed groups, dissent, expired evidence, long Japanese names, hostile text.
`HOSTILE` holds what must never reach a reader as it is.
"""

from datetime import UTC, date, datetime

from shinrai.assess.assessment import (
    Assessment,
    AttestationRecord,
    AxisRecord,
    BundleRecord,
    CouncilRecord,
    FrameworkRecord,
    GoalRecord,
    GoalTreeRecord,
    GroupValue,
    Interval,
    Leaf,
    MeasurementRecord,
    RequirementResult,
    Result,
    Seat,
    Share,
    Summary,
    SystemRecord,
    TargetRecord,
    Text,
    TierRecord,
    Verdict,
    Vote,
)
from shinrai.assess.goal_scores import scored

HOSTILE = '\u202e<script>alert("x")</script>\x07\x00&amp;\x1b[31m' + "W" * 90
SEATS = ("recompute", "provenance", "statistics", "policy", "completeness")
NOW = datetime(2026, 11, 20, 10, 30, tzinfo=UTC)


def text(ja: str, en: str) -> Text:
    return Text(ja=ja, en=en)


def digest(seed: int) -> str:
    return f"{seed * 2654435761 % 2**32:08x}" * 8


def bounds(low: float, high: float) -> Interval:
    return Interval(low=low, high=high, level=0.95)


def group(*levels: str, hits: int | None = None, n: int | None = None, note: Text | None = None) -> GroupValue:
    if n is None or hits is None:
        return GroupValue(
            levels=list(levels),
            n=None,
            successes=None,
            trials=None,
            value=None,
            interval=None,
            suppressed=True,
            note=note or text("30行未満のため表示しません", "fewer than 30 rows, so not shown"),
        )
    p, half = hits / n, 1 / n**0.5
    return GroupValue(
        levels=list(levels),
        n=n,
        successes=hits,
        trials=n,
        value=p,
        interval=bounds(max(0.0, p - half), min(1.0, p + half)),
        suppressed=False,
        note=note,
    )


def measurement(name: str, title: Text, **changes: object) -> MeasurementRecord:
    target, check, subject, metric = name.split(".", 3)
    facts: dict[str, object] = {
        "id": name,
        "target": target,
        "check": check,
        "metric": metric,
        "columns": [] if subject == "all" else subject.split("-and-"),
        "title": title,
        "value": 0.9,
        "interval": bounds(0.88, 0.92),
        "n": 989,
        "coverage": Share(part=989, whole=1000),
        "outcome": "pass",
        "comparison": "at_least",
        "limit": 0.8,
        "decisive": True,
        "method": "Wilson score interval (Wilson 1927)",
        "reason": None,
        "needed_n": None,
        "groups": [],
        "findings": [],
        "shows": [],
        "evidence": digest(len(name)),
        "log_index": len(name),
        "measured_on": NOW,
        "valid_until": date(2027, 5, 20),
        "current": True,
    }
    return MeasurementRecord.model_validate(facts | changes)


RACE = [
    group("白人", hits=310, n=820),
    group("黒人", hits=31, n=110, note=text("分母が小さい", "small denominator")),
    group("非常に長い名前を持つ申請者の区分(その他の地域に居住する者を含む)", hits=20, n=49),
    group(HOSTILE, hits=12, n=40),
    group("その他"),
]
SEX = [group("男性", hits=400, n=690), group("女性", hits=111, n=299)]

MEASUREMENTS = [
    measurement(
        "loans.performance.all.accuracy",
        text("正解率", "Accuracy"),
        value=0.9123,
        interval=bounds(0.893, 0.928),
        limit=0.877,
    ),
    measurement(
        "loans.performance.all.auc",
        text("AUC(順位の正しさ)", "AUC (how well scores rank)"),
        value=0.8312,
        interval=bounds(0.79, 0.87),
        comparison=None,
        limit=None,
        decisive=False,
        method="DeLong",
    ),
    measurement(
        "loans.group_fairness.race.selection_rate.ratio",
        text(
            "人種間の承認率の比(最も低い区分÷最も高い区分)", "Ratio of approval rates between races (lowest to highest)"
        ),
        value=0.682,
        interval=bounds(0.51, 0.79994),
        limit=0.8,
        outcome="fail",
        groups=RACE,
        findings=[
            text("「その他」は30行未満のため比較しません。", "“Other” has fewer than 30 rows and is not compared."),
            text(HOSTILE, HOSTILE),
        ],
        method="Koopman score interval, simultaneous over 6 pairs",
    ),
    measurement(
        "loans.group_fairness.race.selection_rate.difference",
        text("人種間の承認率の差", "Difference of approval rates between races"),
        value=0.132,
        interval=bounds(0.04, 0.22),
        comparison="at_most",
        limit=0.1,
        outcome="inconclusive",
        needed_n=8120,
        decisive=False,
        groups=RACE,
    ),
    measurement(
        "loans.group_fairness.sex.tpr.difference",
        text("性別による真陽性率の差", "Difference of true positive rates between sexes"),
        value=0.0431,
        interval=bounds(0.0, 0.121),
        comparison="at_most",
        limit=0.1,
        outcome="inconclusive",
        needed_n=2210,
        groups=SEX,
    ),
    measurement(
        "loans.calibration.sex.gap",
        text("性別ごとの予測確率のずれ", "Calibration gap between sexes"),
        value=None,
        interval=None,
        n=0,
        coverage=Share(part=0, whole=1000),
        outcome="error",
        comparison="at_most",
        limit=0.05,
        reason=text("列「score」に0〜1の範囲外の値があります。", "Column “score” holds values outside [0, 1]."),
    ),
    measurement(
        "loans.data_quality.all.missing",
        text("欠損値の割合", "Share of missing values"),
        value=0.0004,
        interval=bounds(0.0001, 0.004),
        comparison="at_most",
        limit=0.05,
        valid_until=date(2026, 10, 31),
        current=False,
    ),
    measurement(
        "loans.personal_data.all.columns",
        text("個人データと疑われる列の割合", "Share of columns that look like personal data"),
        value=0.0,
        interval=bounds(0.0, 0.0),
        comparison="at_most",
        limit=0.0,
        n=12,
        coverage=Share(part=1000, whole=1000),
    ),
]

ATTESTATIONS = [
    AttestationRecord(
        id="oversight",
        shows="JP-AIGB-H-1.oversight",
        by=text("信頼 花子", "Hanako Shinrai"),
        position=text("審査部長", "Head of screening"),
        statement=text("否認の判断はすべて人が確認しています。", "A person reviews every refusal."),
        document="docs/oversight-2026.pdf",
        expires=date(2027, 3, 31),
        signed=True,
        signed_on=datetime(2026, 10, 1, 9, 0, tzinfo=UTC),
        current=True,
        evidence=digest(91),
        log_index=40,
        cause=None,
    ),
    AttestationRecord(
        id="training",
        shows="JP-AIGB-E-1.training",
        by=text(HOSTILE, HOSTILE),
        position=text("", ""),
        statement=text("研修を毎年実施しています。", "Training takes place every year."),
        document=None,
        expires=date(2026, 9, 30),
        signed=False,
        signed_on=None,
        current=False,
        evidence=None,
        log_index=None,
        cause=text("署名がなく、期限も切れています。", "It is not signed and has expired."),
    ),
]


def verdict(outcome: str, *, against: tuple[str, ...] = (), certified: bool = True) -> Verdict:
    value = outcome if outcome in {"pass", "fail", "inconclusive"} else "pass"
    other = "fail" if value == "pass" else "pass"
    votes = [
        Vote(
            seat=seat,
            value=other if seat in against else value,  # type: ignore[arg-type]
            reason=text("方針に照らして異なる判断です。", "The policy reads differently.")
            if seat in against
            else text("独立に再計算し、一致しました。", "Computed again independently; the values agree."),
            dissents=seat in against,
        )
        for seat in SEATS
    ]
    return Verdict(
        outcome=outcome,  # type: ignore[arg-type]
        contested=len(against) > 1,
        votes=votes,
        certificate=digest(7) if certified else None,
    )


def leaf(name: str, title: Text, state: str, cause: Text, **changes: object) -> Leaf:
    facts: dict[str, object] = {
        "id": name,
        "title": title,
        "code": "A",
        "state": state,
        "cause": cause,
        "origin": None,
        "measurements": [],
        "attestations": [],
        "verdict": None,
    }
    return Leaf.model_validate(facts | changes)


def requirement(
    name: str, title: Text, result: Result, cause: Text, leaves: list[Leaf], **changes: object
) -> RequirementResult:
    decided = sum(leaf.state != "not_assessed" for leaf in leaves)
    facts: dict[str, object] = {
        "id": name,
        "framework": "jp.aigb",
        "principle": "JP-AIGB-F",
        "title": title,
        "text": text(
            "AIシステムの判断が、特定の個人や集団に対する不当で有害な偏見や差別を生まないよう、開発から利用までの各段階で確認し、必要な対策を講じる。",
            "Check at every stage that decisions do not produce unfair bias or discrimination, and act where they do.",
        ),
        "force": "may",
        "certainty": "C2",
        "source": "AI Guidelines for Business 1.2, part 2 C 3)",
        "roles": ["developer", "provider"],
        "result": result,
        "cause": cause,
        "required": True,
        "coverage": Share(part=decided, whole=len(leaves)),
        "leaves": leaves,
    }
    return RequirementResult.model_validate(facts | changes)


NO_TARGET = text(
    "この要求事項を示せる測定対象が、システム記述にありません。",
    "The system description names no target that could show this.",
)
NO_STATEMENT = text("署名された表明がありません。", "There is no signed statement.")


def _results() -> list[RequirementResult]:
    return [
        requirement(
            "JP-AIGB-F-1",
            text("不当なバイアスを生まない", "Do not produce unfair bias"),
            Result.NOT_MET,
            text(
                "人種間の承認率の比が基準を下回りました。",
                "The ratio of approval rates between races is below the limit.",
            ),
            [
                leaf(
                    "JP-AIGB-F-1.groups",
                    text("集団間の公平性の測定", "Measurement of fairness between groups"),
                    "not_met",
                    text("1件の測定が不合格です。", "One measurement fails."),
                    origin="measured",
                    measurements=[
                        "loans.group_fairness.race.selection_rate.ratio",
                        "loans.group_fairness.race.selection_rate.difference",
                    ],
                    verdict=verdict("fail", against=("policy",)),
                ),
                leaf(
                    "JP-AIGB-F-1.sex",
                    text("性別による差の測定", "Measurement of differences between sexes"),
                    "not_assessed",
                    text("標本が足りず、判定できません。", "Too few rows to decide."),
                    measurements=["loans.group_fairness.sex.tpr.difference"],
                    verdict=verdict("inconclusive"),
                ),
            ],
        ),
        requirement(
            "JP-AIGB-F-2",
            text("予測確率のずれを抑える", "Keep scores calibrated"),
            Result.NOT_ASSESSED,
            text("測定がエラーで終わりました。", "The measurement ended in an error."),
            [
                leaf(
                    "JP-AIGB-F-2.gap",
                    text("予測確率のずれの測定", "Measurement of calibration"),
                    "not_assessed",
                    text("測定がエラーで終わりました。", "The measurement ended in an error."),
                    measurements=["loans.calibration.sex.gap"],
                    verdict=verdict("undecided", against=("statistics", "completeness"), certified=False),
                )
            ],
            certainty="M",
        ),
        requirement(
            "JP-AIGB-H-1",
            text("人の判断を介在させる", "Keep human judgement in the loop"),
            Result.MET,
            text("有効な署名済みの表明があります。", "There is a current signed statement."),
            [
                leaf(
                    "JP-AIGB-H-1.oversight",
                    text("人による確認の責任者の回答", "Answer of the person responsible for review"),
                    "met",
                    text("審査部長が署名しました。", "The head of screening signed it."),
                    code="Q",
                    origin="attested",
                    attestations=["oversight"],
                    verdict=verdict("pass"),
                )
            ],
            principle="JP-AIGB-H",
            certainty="C",
        ),
        requirement(
            "JP-AIGB-S-1",
            text("適切な精度を保つ", "Keep accuracy adequate"),
            Result.MET,
            text("正解率の区間全体が基準を上回っています。", "The whole interval of the accuracy is above the limit."),
            [
                leaf(
                    "JP-AIGB-S-1.accuracy",
                    text("精度の測定", "Measurement of accuracy"),
                    "met",
                    text("測定が合格しました。", "The measurement passes."),
                    origin="measured",
                    measurements=["loans.performance.all.accuracy", "loans.performance.all.auc"],
                    verdict=verdict("pass"),
                )
            ],
            principle=None,
        ),
        requirement(
            "JP-AIGB-D-1",
            text("データの質と個人情報の保護を確保する", "Assure data quality and protect personal data"),
            Result.PARTLY,
            text("証拠の一部が期限切れです。", "Part of the evidence has expired."),
            [
                leaf(
                    "JP-AIGB-D-1.missing",
                    text("データの質の測定", "Measurement of data quality"),
                    "not_assessed",
                    text("証拠は2026年10月31日に期限が切れました。", "The evidence expired on 31 October 2026."),
                    measurements=["loans.data_quality.all.missing"],
                ),
                leaf(
                    "JP-AIGB-D-1.personal",
                    text("個人データの検査", "Search for personal data"),
                    "met",
                    text("個人データと疑われる列はありません。", "No column looks like personal data."),
                    origin="measured",
                    measurements=["loans.personal_data.all.columns"],
                    verdict=verdict("pass", against=("completeness",)),
                ),
            ],
            principle="JP-AIGB-D",
            force="should",
        ),
        requirement(
            "JP-AIGB-E-1",
            text("教育・リテラシーの機会を設ける", "Offer education and literacy"),
            Result.NOT_ASSESSED,
            NO_STATEMENT,
            [
                leaf(
                    "JP-AIGB-E-1.training",
                    text("研修の責任者の回答", "Answer of the person responsible for training"),
                    "not_assessed",
                    text("表明に署名がなく、期限も切れています。", "The statement is not signed and has expired."),
                    code="Q",
                    attestations=["training"],
                )
            ],
            principle="JP-AIGB-E",
        ),
        *[
            requirement(
                f"JP-G13-{index}",
                text(
                    f"AIガバナンスに関する自主的な取組 その{index}", f"Voluntary effort on AI governance, no. {index}"
                ),
                Result.NOT_ASSESSED,
                NO_TARGET if index % 2 else NO_STATEMENT,
                [
                    leaf(
                        f"JP-G13-{index}.log",
                        text("記録の確認", "Reading of logs"),
                        "not_assessed",
                        NO_TARGET,
                        code="L",
                    )
                ],
                framework="jp.guideline13",
                principle="JP-G13",
                required=index == 1,
                certainty="M" if index == 3 else "C2",
            )
            for index in range(1, 8)
        ],
        requirement(
            "JP-G13-8",
            text("生成AIが出力した情報の来歴を示す " + HOSTILE, "Show the origin of generated content " + HOSTILE),
            Result.NOT_APPLICABLE,
            text("このシステムは生成を行いません。", "This system generates no content."),
            [leaf("JP-G13-8.mark", text("来歴表示の測定", "Measurement of marks"), "not_assessed", NO_TARGET)],
            framework="jp.guideline13",
            principle="JP-G13",
            approver=text("信頼 太郎(AI統括責任者)", "Taro Shinrai (Chief AI Officer)"),
        ),
    ]


def _council() -> CouncilRecord:
    examines = {
        "recompute": text(
            "各指標を別の実装で計算し直します", "Computes every metric again with a second implementation"
        ),
        "provenance": text(
            "署名、ダイジェスト、ログへの収録、鮮度", "Signatures, digests, inclusion in the log, freshness"
        ),
        "statistics": text("標本の大きさ、区間、多重性", "Sample size, interval, multiplicity"),
        "policy": text("判定規則と適用の可否", "Decision rule and applicability"),
        "completeness": text("網羅率と除外", "Coverage and exclusions"),
    }
    titles = {
        "recompute": text("再計算", "Recompute"),
        "provenance": text("来歴", "Provenance"),
        "statistics": text("統計", "Statistics"),
        "policy": text("方針", "Policy"),
        "completeness": text("網羅", "Completeness"),
    }
    return CouncilRecord(
        n=5,
        f=1,
        q=4,
        seats=[
            Seat(
                id=seat,
                kind="tool",
                title=titles[seat],
                examines=examines[seat],
                domain=seat,
                causes=["host:runner-7", "operator:みらい銀行"],
            )
            for seat in SEATS
        ],
        required_seats=["recompute"],
        common_causes_over_f=["host:runner-7", "operator:みらい銀行"],
        round="2026-11-20/1",
    )


def goal(name: str, title: Text, weight: float, *suites: str, goals: list[GoalRecord] | None = None) -> GoalRecord:
    return GoalRecord(id=name, title=title, weight=weight, suites=list(suites), goals=goals or [], cause=NO_TARGET)


def goal_tree() -> GoalTreeRecord:
    """Return a tree with every state: known, partly known, expired, in error, without a suite, not applicable."""
    goals = [
        goal("G1", text("精度", "Accuracy"), 0.2, "performance"),
        goal("G2", text("集団間の公平性", "Fairness between groups"), 0.2, goals=[
            goal("G2-1", text("承認率の比", "Ratio of rates"), 0.5, "group_fairness"),
            goal("G2-2", text("予測確率のずれ", "Calibration"), 0.25, "calibration"),
            goal("G2-3", text("説明 " + HOSTILE, "Explanation " + HOSTILE), 0.25),
        ]),
        goal("G3", text("長い名前を持つデータの質の項目", "Data quality"), 0.2, "data_quality", "personal_data"),
        goal("G4", text(HOSTILE, HOSTILE), 0.2, HOSTILE),
        goal("JP-G13-8", text("来歴", "Provenance"), 0.1),
        goal("G6", text("人の関与", "Oversight"), 0.1, goals=[goal("G6-1", text("停止", "Stop"), 1)]),
    ]  # fmt: skip
    root = goal("G", text("評価観点", "Perspectives"), 1, goals=goals)
    return GoalTreeRecord(
        id="G", title=root.title, about=text("重みは等分 " + HOSTILE, "By choice " + HOSTILE), root=root
    )


def assessment() -> Assessment:
    """Return the sample; its summary is counted from its results, as the real one is."""
    results = _results()
    counts = {result: sum(item.result is result for item in results) for result in Result}
    required = {result: sum(item.result is result and item.required for item in results) for result in Result}
    return Assessment(
        schema_id="https://shinrai.example/assessment/v1",
        shinrai="0.1.0",
        as_of=NOW,
        assessed_on=NOW,
        system=SystemRecord(
            id="loan-screening",
            version="2026.11",
            name=text("住宅ローン仮審査支援システム", "Mortgage pre-screening assistant"),
            purpose=text(
                "住宅ローン申請の承認・否認の案を審査担当者に示す",
                "Suggests approval or refusal of mortgage applications to a clerk",
            ),
            roles=["developer", "business_user"],
            affected_people=text("住宅ローンの申請者", "People who apply for a mortgage"),
            decision_effect=text("融資を受けられるかどうかを左右する", "Decides whether somebody gets a loan"),
            autonomy="decides_with_review",
            data=["personal", HOSTILE],
            stage="in_service",
            model="scikit-learn LogisticRegression 1.8",
            suppliers=[],
            digest=digest(1),
        ),
        tier=TierRecord(
            level="medium",
            steps=[text("影響と起こりやすさから中とする。", "Impact and likelihood make it medium.")],
            axes=[
                AxisRecord(
                    letter=letter,
                    name=text("利用者の範囲", "Who uses it"),
                    finding=text("組織外の人 " + HOSTILE, "people outside the organisation " + HOSTILE),
                    leans=letter == "A",
                )
                for letter in "ABCD"
            ],
            eu_classes=["eu_high_risk_annex_iii", "eu_transparency"],
            checks=["performance"],
            minimum_n=385,
            human_seats=1,
            review_days=180,
        ),
        frameworks=[
            FrameworkRecord(
                id="jp.aigb",
                version="1.2",
                title=text("AI事業者ガイドライン", "AI Guidelines for Business"),
                issuer=text(
                    "総務省・経済産業省",
                    "Ministry of Internal Affairs and Communications; Ministry of Economy, Trade and Industry",
                ),
                source="https://www.meti.go.jp/shingikai/mono_info_service/ai_shakai_jisso/pdf/20260331_1.pdf",
                digest=digest(2),
                superseded_by=None,
                requirements=6,
            ),
            FrameworkRecord(
                id="jp.guideline13",
                version="2025-12-19",
                title=text(
                    "人工知能関連技術の研究開発及び活用の適正性確保に関する指針",
                    "Guideline under Article 13 of the AI Promotion Act",
                ),
                issuer=text("人工知能戦略本部", "Artificial Intelligence Strategy Headquarters"),
                source="javascript:alert(1)",
                digest=digest(3),
                superseded_by="2027-01-15",
                requirements=8,
            ),
        ],
        targets=[
            TargetRecord(
                id="loans", kind="table", file="decisions.parquet", digest=digest(4), rows=1000, shared="counts"
            )
        ],
        summary=Summary(
            conclusion="not_met",
            exit_code=1,
            counts=counts,
            required_counts=required,
            measurement_counts={"pass": 3, "fail": 1, "inconclusive": 2, "error": 1},
            coverage=Share(part=4, whole=16),
            origins={"measured": 7, "imported": 0, "attested": 1},
        ),
        results=results,
        measurements=MEASUREMENTS,
        attestations=ATTESTATIONS,
        goals=[scored(goal_tree(), MEASUREMENTS, results, NOW)],
        council=_council(),
        limits=[
            text(
                "測定は持ち込まれた1,000行に基づきます。",
                "The measurements rest on the 1,000 rows that were handed in.",
            ),
            text(HOSTILE, HOSTILE),
        ],
        bundle=BundleRecord(
            id=digest(5),
            origin="shinrai.example/loan-screening",
            log_size=42,
            withheld=[digest(4)],
        ),
    )
