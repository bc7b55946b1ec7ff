"""The facts of a described system that decide which requirements are asked of it.

The words are those of the frameworks room; each follows from the description alone, and none can be typed.
"""

from shinrai.frameworks.applicability import EU
from shinrai.frameworks.model import Role
from shinrai.systems.description import System
from shinrai.systems.tier import Tier, risk_tier
from shinrai.systems.vocabulary import Area, Autonomy, DataClass, Kind

ANNEX_III = frozenset(
    {
        Area.BIOMETRICS,
        Area.CRITICAL_INFRASTRUCTURE,
        Area.EDUCATION,
        Area.EMPLOYMENT,
        Area.ESSENTIAL_SERVICES,
        Area.LAW_ENFORCEMENT,
        Area.MIGRATION,
        Area.JUSTICE,
    }
)
"""The areas of Annex III of the EU AI Act. Article 6(3) lets a provider show that a system in one is not high-risk."""


def facts(system: System) -> frozenset[str]:
    """Return the facts that hold for a system."""
    holding = {
        "personal_data": bool({DataClass.PERSONAL, DataClass.SENSITIVE} & set(system.data)),
        "sensitive_data": DataClass.SENSITIVE in system.data,
        "confidential_data": DataClass.CONFIDENTIAL in system.data,
        "government": system.government_use or Role.GOVERNMENT in system.roles,
        "public_facing": system.public_facing,
        "unreviewed": system.autonomy is Autonomy.DECIDES_ALONE,
        "high_risk": risk_tier(system).tier is Tier.HIGH,
    }
    found = {name for name, holds in holding.items() if holds}
    found |= {str(kind) for kind in system.kinds if kind is not Kind.PREDICTIVE}
    found |= {str(area) for area in system.areas}
    return frozenset(found | eu_classes(system))


def eu_classes(system: System) -> frozenset[str]:
    """Return the classes of the EU AI Act that a system falls under; none where it is not used in the Union.

    Source: Regulation (EU) 2024/1689, Articles 5, 6, 50 and 51; Annexes I and III.
    """
    if not EU & set(system.regions):
        return frozenset()
    holding = {
        "eu_prohibited": system.eu.prohibited_practice,
        "eu_high_risk_annex_i": system.eu.regulated_product,
        "eu_high_risk_annex_iii": bool(ANNEX_III & set(system.areas)),
        "eu_transparency": Kind.GENERATIVE in system.kinds or Area.BIOMETRICS in system.areas,
        "eu_systemic_risk": system.eu.systemic_risk,
    }
    return frozenset(name for name, holds in holding.items() if holds)
