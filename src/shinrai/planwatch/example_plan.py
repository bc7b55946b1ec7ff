"""A small plan of a made-up company, row by row: the example that the template of a workbook carries."""

from collections.abc import Mapping, Sequence
from datetime import date

Cell = str | int | float | date

ROWS: Mapping[str, Sequence[Mapping[str, Cell]]] = {
    "plan": [
        {
            "id": "aoba.ai-plan",
            "version": "2026",
            "owner_kind": "company",
            "title.ja": "アオバ精機（架空）AI活用計画2026",
            "title.en": "AI plan 2026 of Aoba Seiki (made up)",
            "issuer.ja": "アオバ精機株式会社 取締役会",
            "issuer.en": "Board of Aoba Seiki",
            "published": date(2026, 4, 1),
            "valid_from": date(2026, 4, 1),
            "source": "https://example.com/ai-plan-2026",
        }
    ],
    "sources": [
        {
            "key": "MINUTES-09",
            "title.ja": "AI推進委員会議事録（2026年9月）",
            "title.en": "Minutes of the AI committee, September 2026",
            "address": "https://example.com/minutes/2026-09",
            "published": date(2026, 9, 18),
        },
        {
            "key": "SURVEY-2026",
            "title.ja": "従業員調査2026",
            "title.en": "Survey of employees 2026",
            "address": "https://example.com/survey-2026",
            "published": date(2026, 10, 5),
        },
    ],
    "owners": [
        {"code": "DX", "name.ja": "DX推進部", "name.en": "Digital transformation office"},
        {"code": "HR", "name.ja": "人事部", "name.en": "Human resources"},
        {"code": "LEGAL", "name.ja": "法務部", "name.en": "Legal affairs"},
    ],
    "sections": [
        {"id": "USE", "title.ja": "業務での活用", "title.en": "Use in our work"},
        {"id": "TRUST", "title.ja": "信頼性の確保", "title.en": "Trustworthiness"},
    ],
    "measures": [
        {
            "id": "AOBA-1",
            "section": "USE",
            "title.ja": "全社員への生成AI環境の提供",
            "title.en": "Generative AI for every employee",
            "lead": "DX",
            "with": "HR",
            "due": date(2026, 9, 30),
            "stage": "check",
        },
        {
            "id": "AOBA-2",
            "section": "USE",
            "title.ja": "AI利用研修の実施",
            "title.en": "Training in the use of AI",
            "lead": "HR",
            "due": date(2027, 3, 31),
            "stage": "do",
        },
        {
            "id": "AOBA-3",
            "section": "TRUST",
            "title.ja": "AI利用規程の制定",
            "title.en": "Rules on the use of AI",
            "lead": "LEGAL",
            "with": "DX, HR",
            "due": date(2026, 6, 30),
            "stage": "act",
        },
        {
            "id": "AOBA-4",
            "section": "TRUST",
            "title.ja": "外観検査AIの公平性と頑健性の評価",
            "title.en": "Evaluation of the inspection AI",
            "lead": "DX",
            "due": date(2026, 8, 31),
            "stage": "plan",
        },
    ],
    "indicators": [
        {
            "id": "AOBA-I1",
            "title.ja": "生成AIを業務で使う社員の割合",
            "title.en": "Employees who use generative AI at work",
            "unit.ja": "％",
            "unit.en": "%",
            "question.ja": "この1か月に、業務で生成AIを使いましたか。",
            "question.en": "Did you use generative AI for your work in the past month?",
            "counted.ja": "「はい」と答えた社員の割合",
            "counted.en": "Share of employees who answered yes",
            "shows": "AOBA-1, AOBA-2",
        }
    ],
    "observations": [
        {
            "indicator": "AOBA-I1",
            "value": 31.5,
            "date": "FY2025",
            "published": date(2026, 4, 1),
            "n": 812,
            "interval.low": 28.4,
            "interval.high": 34.8,
            "interval.level": 95,
        },
        {
            "indicator": "AOBA-I1",
            "value": 48.2,
            "date": "2026-09",
            "published": date(2026, 10, 5),
            "n": 790,
            "interval.low": 44.7,
            "interval.high": 51.7,
            "interval.level": 95,
            "source.keys": "SURVEY-2026",
        },
    ],
    "targets": [
        {
            "indicator": "AOBA-I1",
            "value": 60,
            "direction": "at_least",
            "by": date(2027, 3, 31),
            "origin": "plan_text",
        }
    ],
    "events": [
        {
            "about": "AOBA-3",
            "date": "2026-06-25",
            "state": "delivered",
            "note.ja": "取締役会が規程を承認した。",
            "note.en": "The board approved the rules.",
            "source.keys": "MINUTES-09",
        },
        {
            "about": "AOBA-1",
            "date": "2026-09",
            "state": "under_way",
            "note.ja": "本社への提供を終え、工場への展開を続けている。",
            "note.en": "Head office has it; the plants are following.",
            "source.keys": "MINUTES-09",
        },
    ],
}
