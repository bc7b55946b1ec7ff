"""The words of every value an assessment can hold, as messages."""

from collections.abc import Mapping

from shinrai.assess.assessment import Result, Text
from shinrai.language import Language, Message, message
from shinrai.report.standing import Standing

RESULT: Mapping[Result, Message] = {
    Result.MET: message("Met"),
    Result.PARTLY: message("Partly met"),
    Result.NOT_MET: message("Not met"),
    Result.NOT_ASSESSED: message("Not assessed"),
    Result.NOT_APPLICABLE: message("Not applicable"),
}

STANDING: Mapping[str, Message] = {
    Standing.MET: message("Met"),
    Standing.NOT_MET: message("Not met"),
    Standing.INCONCLUSIVE: message("Inconclusive"),
    Standing.UNDECIDED: message("Undecided"),
    Standing.NOT_ASSESSED: message("Not assessed"),
    Standing.NOT_APPLICABLE: message("Not applicable"),
}

OUTCOME: Mapping[str, Message] = {
    "pass": message("Pass"),
    "fail": message("Fail"),
    "inconclusive": message("Inconclusive"),
    "error": message("Error"),
    "undecided": message("Undecided"),
    "void": message("Void"),
}

ORIGIN: Mapping[str, Message] = {
    "measured": message("Measured"),
    "imported": message("Imported"),
    "attested": message("Attested"),
}

GOAL: Mapping[str, Message] = {
    "measured": message("All of it has data"),
    "partly": message("Part of it has data"),
    "no_data": message("No data"),
    "not_applicable": message("Not applicable"),
}

FORCE: Mapping[str, Message] = {
    "must": message("Legal duty"),
    "should": message("Best-efforts duty"),
    "may": message("Voluntary guidance"),
}

CERTAINTY: Mapping[str, Message] = {
    "C": message("Confirmed: read in the source itself"),
    "C2": message("Secondary: read in a text that quotes the source"),
    "M": message("Unverified: from memory or derived; check it against the source before relying on it"),
}

CODE: Mapping[str, Message] = {
    "A": message("Measurement of the running system"),
    "L": message("Logs or configuration read by software"),
    "D": message("Document that exists, is current and approved"),
    "Q": message("Signed answer of a named person"),
    "X": message("Lies outside one organisation"),
}

ROLE: Mapping[str, Message] = {
    "developer": message("Developer"),
    "provider": message("Provider"),
    "business_user": message("Business user"),
    "government": message("Government"),
    "research_institute": message("Research institute"),
    "citizen": message("Citizen"),
}

SEAT: Mapping[str, Message] = {
    "tool": message("Program"),
    "model": message("AI model"),
    "human": message("Person"),
}

SHARED: Mapping[str, Message] = {
    "rows": message("The bundle carries every row"),
    "samples": message("The bundle carries every prompt and answer"),
    "file": message("The bundle carries the file of the other tool"),
    "counts": message("The bundle carries counts only"),
    "withheld": message("The data is withheld"),
}

CHECK: Mapping[str, Message] = {
    "performance": message("Performance"),
    "group_fairness": message("Fairness between groups"),
    "group_audit": message("Gaps between groups beside chance and circumstances"),
    "calibration": message("Calibration"),
    "data_quality": message("Data quality"),
    "personal_data": message("Personal data"),
    "imported": message("Results of another tool"),
}

HARM: Mapping[str, Message] = {
    "crime": message("Crime"),
    "fraud": message("Fraud"),
    "weapons": message("Weapons"),
    "cyber": message("Attacks on computers"),
    "drugs": message("Drugs"),
    "hate": message("Hate"),
    "harassment": message("Harassment"),
    "sexual": message("Sexual content"),
    "self_harm": message("Self-harm"),
    "misinformation": message("Misinformation"),
    "manipulation": message("Manipulation"),
    "unfairness": message("Unfairness"),
    "privacy": message("Privacy"),
    "injection": message("Prompt injection"),
    "leak": message("Leak of secrets"),
    "unintended_use": message("Unintended use"),
    "none": message("No harm, quality only"),
}

AUTONOMY: Mapping[str, Message] = {
    "advises": message("It advises; a person decides"),
    "decides_with_review": message("It decides; a person reviews before the decision takes effect"),
    "decides_alone": message("It decides, and the decision takes effect by itself"),
}

TIER: Mapping[str, Message] = {
    "low": message("Low"),
    "medium": message("Medium"),
    "high": message("High"),
}

EU_CLASS: Mapping[str, Message] = {
    "eu_prohibited": message("Prohibited practice (Article 5)"),
    "eu_high_risk_annex_i": message("High-risk, part of a regulated product (Article 6(1), Annex I)"),
    "eu_high_risk_annex_iii": message("High-risk by area of use (Article 6(2), Annex III)"),
    "eu_transparency": message("Transparency duties (Article 50)"),
    "eu_systemic_risk": message("General-purpose model with systemic risk (Article 51)"),
}

STAGE: Mapping[str, Message] = {
    "proposed": message("Proposed"),
    "development": message("In development"),
    "pilot": message("In a pilot"),
    "in_service": message("In service"),
    "restricted": message("In restricted service"),
    "suspended": message("Suspended"),
    "retired": message("Retired"),
}

DATA: Mapping[str, Message] = {
    "none": message("Neither personal nor confidential data"),
    "personal": message("Personal data"),
    "sensitive": message("Sensitive personal data"),
    "confidential": message("Confidential data"),
}

_CAUSE_KINDS: Mapping[str, Message] = {
    "host": message("the same machine"),
    "machine": message("the same machine"),
    "operator": message("the same operator"),
    "family": message("the same model family"),
    "prompt": message("the same prompt"),
}


def said(text: Text, language: Language) -> str:
    """Return a text of the assessment in one language."""
    return text.ja if language is Language.JA else text.en


def word(table: Mapping[str, Message], value: str) -> Message:
    """Return the word for a value, or the value itself where the table has none (roles are free text)."""
    return table.get(value) or message("{value}", value=value)


def cause_words(cause: str) -> Message:
    """Return a shared cause such as `host:a1` in words: the same machine (a1)."""
    kind, _, name = cause.partition(":")
    if kind in _CAUSE_KINDS and name:
        return message("{cause} ({name})", cause=_CAUSE_KINDS[kind], name=name)
    return _CAUSE_KINDS.get(kind) or message("{value}", value=cause)
