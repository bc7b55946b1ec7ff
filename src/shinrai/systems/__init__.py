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
    FrameworkPin,
    Model,
    NotApplicable,
    Person,
    Scope,
    Supplier,
    System,
    TableTarget,
)
from shinrai.systems.faults import DescriptionError, Fault
from shinrai.systems.fields import Text
from shinrai.systems.reader import parse_description, read_description
from shinrai.systems.schema import json_schema
from shinrai.systems.template import Answers, render_template
from shinrai.systems.vocabulary import Autonomy, DataClass, DecisionLevel, Kind, Share, Stage, TargetKind

__all__ = [
    "Answers",
    "AttestationRequest",
    "Autonomy",
    "CalibrationSettings",
    "CheckSettings",
    "Checks",
    "DataClass",
    "DataQualitySettings",
    "DecisionEffect",
    "DecisionLevel",
    "Description",
    "DescriptionError",
    "Fault",
    "FrameworkPin",
    "GroupFairnessSettings",
    "Kind",
    "Model",
    "NotApplicable",
    "PerformanceSettings",
    "Person",
    "PersonalDataSettings",
    "Scope",
    "Share",
    "Skip",
    "Stage",
    "Supplier",
    "System",
    "TableTarget",
    "TargetKind",
    "Text",
    "json_schema",
    "parse_description",
    "read_description",
    "render_template",
]
