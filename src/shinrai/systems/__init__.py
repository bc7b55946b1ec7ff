"""What we have: the system description (`shinrai.yaml`), read with every fault named, in Japanese and English.

A description says what is assessed, who answers for it and how it can be measured. It never says how the assessment
came out: a typed result is refused. `read_description` is the way in; everything it returns is immutable.
"""

from shinrai.systems.checks import (
    CalibrationSettings,
    Checks,
    CheckSettings,
    DataQualitySettings,
    GroupFairnessSettings,
    PerformanceSettings,
    PersonalDataSettings,
    Skip,
)
from shinrai.systems.description import (
    AttestationRequest,
    DecisionEffect,
    Description,
    EuClass,
    FrameworkPin,
    Model,
    NotApplicable,
    Person,
    RiskJudgement,
    Scope,
    Supplier,
    System,
)
from shinrai.systems.facts import eu_classes, facts
from shinrai.systems.faults import DescriptionError, Fault
from shinrai.systems.fields import Text
from shinrai.systems.reader import parse_description, read_description
from shinrai.systems.schema import json_schema
from shinrai.systems.targets import (
    ChatTarget,
    ConversationTarget,
    ImportedMetric,
    ModelTarget,
    RecordsTarget,
    ResultsTarget,
    SuiteUse,
    TableTarget,
)
from shinrai.systems.template import Answers, render_template
from shinrai.systems.tier import CONSEQUENCES, TIER_NAMES, Consequences, RiskTier, Tier, risk_tier
from shinrai.systems.vocabulary import (
    Area,
    Audience,
    Autonomy,
    DataClass,
    DecisionLevel,
    Kind,
    Likelihood,
    SampleShare,
    Share,
    Stage,
    TargetKind,
)
from shinrai.systems.what_if import CHANGEABLE, changed

__all__ = [
    "CHANGEABLE",
    "CONSEQUENCES",
    "TIER_NAMES",
    "Answers",
    "Area",
    "AttestationRequest",
    "Audience",
    "Autonomy",
    "CalibrationSettings",
    "ChatTarget",
    "CheckSettings",
    "Checks",
    "Consequences",
    "ConversationTarget",
    "DataClass",
    "DataQualitySettings",
    "DecisionEffect",
    "DecisionLevel",
    "Description",
    "DescriptionError",
    "EuClass",
    "Fault",
    "FrameworkPin",
    "GroupFairnessSettings",
    "ImportedMetric",
    "Kind",
    "Likelihood",
    "Model",
    "ModelTarget",
    "NotApplicable",
    "PerformanceSettings",
    "Person",
    "PersonalDataSettings",
    "RecordsTarget",
    "ResultsTarget",
    "RiskJudgement",
    "RiskTier",
    "SampleShare",
    "Scope",
    "Share",
    "Skip",
    "Stage",
    "SuiteUse",
    "Supplier",
    "System",
    "TableTarget",
    "TargetKind",
    "Text",
    "Tier",
    "changed",
    "eu_classes",
    "facts",
    "json_schema",
    "parse_description",
    "read_description",
    "render_template",
    "risk_tier",
]
