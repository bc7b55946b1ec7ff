"""What is asked: frameworks as versioned data, and which of their requirements a system has to answer.

A framework is one YAML file below `data/`, written in Shinrai's own words in Japanese and English. This room reads
such files, refuses what it does not understand, and decides from a few facts which requirements apply. It knows
nothing of systems, measurements or results. Everything it hands out is immutable.
"""

from shinrai.frameworks.applicability import FACTS, Applicability, Facts, applicability
from shinrai.frameworks.choosing import choose, current, read_file
from shinrai.frameworks.loader import FrameworkKey, available, framework_bytes, load_framework, read_framework
from shinrai.frameworks.located import MAX_BYTES
from shinrai.frameworks.model import (
    Certainty,
    Coverage,
    EvidenceCode,
    ExpectedEvidence,
    Force,
    Framework,
    Kind,
    Phase,
    Requirement,
    Role,
    Scope,
    SourceKey,
    Start,
)

__all__ = [
    "FACTS",
    "MAX_BYTES",
    "Applicability",
    "Certainty",
    "Coverage",
    "EvidenceCode",
    "ExpectedEvidence",
    "Facts",
    "Force",
    "Framework",
    "FrameworkKey",
    "Kind",
    "Phase",
    "Requirement",
    "Role",
    "Scope",
    "SourceKey",
    "Start",
    "applicability",
    "available",
    "choose",
    "current",
    "framework_bytes",
    "load_framework",
    "read_file",
    "read_framework",
]
