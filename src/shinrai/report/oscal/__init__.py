"""An assessment as the three documents of OSCAL 1.2.1's assessment layer: plan, results, plan of action and milestones.

Pure functions of the assessment. Every UUID follows from digests, so that the same assessment gives the same bytes, and
the three documents, and those of a later day about the same bundle, speak of the same things by the same UUIDs.
"""

from shinrai.report.oscal.milestones import to_oscal_poam
from shinrai.report.oscal.plan import to_oscal_plan
from shinrai.report.oscal.results import PLAN_FILE, to_oscal_results
from shinrai.report.oscal.words import dumped

__all__ = ["PLAN_FILE", "dumped", "to_oscal_plan", "to_oscal_poam", "to_oscal_results"]
