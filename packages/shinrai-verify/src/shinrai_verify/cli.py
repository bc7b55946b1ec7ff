"""`shinrai-verify FILE --trust FILE`: the verifier of bundles and of councils' records on the command line."""

import argparse
import io
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from shinrai_verify import __version__
from shinrai_verify.encoding import Fault, Named
from shinrai_verify.messages import LANGUAGES, gettext_in, preferred_language, say
from shinrai_verify.trust import Policy
from shinrai_verify.verify import Verification, council_record, verify

USAGE_ERROR = 64
_MAX_TRUST_BYTES = 1024 * 1024
_CONCLUSIONS = {
    0: "VERIFIED: the bundle is authentic and complete.",
    1: "NOT VERIFIED: the bundle was tampered with or is invalid.",
    2: "INCOMPLETE: what is there is authentic, but something is withheld or missing.",
    3: "POLICY NOT MET: the bundle is authentic, but it does not meet what you demand.",
}
_RECORD_CONCLUSIONS = {
    0: "VERIFIED: the record of the council's round is authentic and complete.",
    2: "INCOMPLETE: what is in the record is authentic, but something is withheld or missing.",
    3: "POLICY NOT MET: the record is authentic, but it does not meet what you demand.",
}
_EPILOG = """\
examples:
  shinrai-verify bundle.zip --trust trust.json
  shinrai-verify record.zip --trust trust.json
  shinrai-verify bundle.zip --trust trust.json --last-seen checkpoint.txt
  shinrai-verify bundle.zip --policy policy.json --json

exit codes: 0 verified, 1 tampered or invalid, 2 incomplete, 3 policy not met, 64 wrong usage
"""


def main(arguments: Sequence[str] | None = None, *, program: str = "shinrai-verify") -> int:
    """Run the verifier; returns the exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal without Japanese is no reason to fail
    language = _language(arguments)
    with gettext_in(language):
        options = _parser(language, program).parse_args(arguments)
    try:
        policy = _policy(options.trust)
        seen = _read(options.last_seen) if options.last_seen and options.last_seen.exists() else None
    except (Fault, OSError) as error:
        return _unusable(program, language, error)
    if not options.bundle.exists():
        return _unusable(program, language, Fault("there is no file {name}", name=options.bundle))
    outcome = verify(options.bundle, policy, last_seen=seen)
    print(to_json(outcome) if options.json else to_text(outcome, language))  # noqa: T201
    if options.last_seen and outcome.exit_code != 1 and outcome.checkpoint_note:
        try:
            _remember(options.last_seen, outcome.checkpoint_note)
        except OSError as error:
            return _unusable(program, language, error)
    return outcome.exit_code


def _unusable(program: str, language: str, error: Fault | OSError) -> int:
    if isinstance(error, OSError):
        error = Fault("{name}: {reason}", name=error.filename, reason=error.strerror)
    print(f"{program}: {say(language, error.text, error.fields)}", file=sys.stderr)  # noqa: T201
    return USAGE_ERROR


def _language(arguments: Sequence[str] | None) -> str:
    """Find the language before anything is parsed; a wrong one is left to the parser to complain about."""
    finder = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    finder.add_argument("--lang", nargs="?")
    asked = finder.parse_known_args(arguments)[0].lang
    return asked if asked in LANGUAGES else preferred_language()


def _parser(language: str, program: str) -> argparse.ArgumentParser:
    def t(text: str) -> str:
        return say(language, text)

    parser = argparse.ArgumentParser(
        prog=program,
        description=t(
            "Verify a Shinrai evidence bundle, or the record of a council's round, offline and say what was checked."
        ),
        epilog=t(_EPILOG),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.error = lambda message: parser.exit(USAGE_ERROR, f"{parser.format_usage()}{program}: {message}\n")  # type: ignore[method-assign]
    parser.add_argument(
        "bundle", type=Path, help=t("the bundle or record: a ZIP archive or the folder it was unpacked to")
    )
    parser.add_argument(
        "--trust",
        "--policy",
        type=Path,
        required=True,
        help=t("whom you trust (trust.json), received by another way than the bundle"),
    )
    parser.add_argument(
        "--last-seen",
        type=Path,
        help=t("the checkpoint you saw last; made on the first visit, moved forward when the bundle is authentic"),
    )
    parser.add_argument("--lang", choices=LANGUAGES, help=t("language of the output"))
    parser.add_argument("--json", action="store_true", help=t("print JSON for programs"))
    version = t("show program's version number and exit")
    parser.add_argument("--version", action="version", version=f"{program} {__version__}", help=version)
    return parser


def _policy(path: Path) -> Policy:
    data = _read(path)
    try:
        return Policy.from_bytes(data)
    except Fault as fault:
        raise Fault("{name}: {reason}", name=path, reason=Named(fault.text, **fault.fields)) from fault


def _read(path: Path) -> bytes:
    with path.open("rb") as stream:
        data = stream.read(_MAX_TRUST_BYTES + 1)
    if len(data) > _MAX_TRUST_BYTES:
        raise Fault("{what} is larger than {limit} bytes", what=path.name, limit=_MAX_TRUST_BYTES)
    return data


def _remember(path: Path, note: bytes) -> None:
    fresh = path.with_name(path.name + ".new")
    fresh.write_bytes(note)
    fresh.replace(path)


def to_text(outcome: Verification, language: str) -> str:
    """Return what was checked, and the verdicts found, for a person."""
    marks = {0: "✓", 1: "✗", 2: "…", 3: "!"}
    lines = [f"{marks[s.exit_class]} {s.code:<3} {say(language, s.text, s.fields)}" for s in outcome.steps]
    if outcome.exit_code != 1 and outcome.roster:
        roster = outcome.roster
        text = "What the council certified (n={n}, f={f}, q={q}):"
        lines += ["", say(language, text, {"n": roster.n, "f": roster.f, "q": roster.q})]
        for control, counted in sorted(outcome.tallies.items()):
            line = f"  {control}: {say(language, counted.outcome)}"
            if counted.dissent:
                line += say(language, "; dissent: {names}", {"names": ", ".join(counted.dissent)})
            if counted.equivocators:
                line += say(language, "; signed two values: {names}", {"names": ", ".join(counted.equivocators)})
            late = outcome.late.get(control, "contested" if counted.contested else "")
            lines.append(line + (f" [{say(language, late)}]" if late else ""))
        if roster.common_causes_over_f:
            text = "More seats than {f} share a cause of failure ({causes}): no Byzantine fault tolerance is claimed."
            lines.append(say(language, text, {"f": roster.f, "causes": ", ".join(roster.common_causes_over_f)}))
    levels, conclusion = outcome.levels, say(language, _CONCLUSIONS[outcome.exit_code])
    if outcome.record and outcome.exit_code != 1:
        conclusion = say(language, _RECORD_CONCLUSIONS[outcome.exit_code])
    lines += ["", f"L1 {marks[levels['L1']]} {say(language, 'certificates and keys alone')}"]
    lines += [
        f"L2 {marks[levels['L2']]} {say(language, 'with the log')}",
        conclusion,
    ]
    if outcome.exit_code == 0:
        text = "Verified does not mean passed: read the verdicts above and the report."
        if outcome.record:
            text = "Verified does not mean passed: read the verdicts above."
        lines.append(say(language, text))
    return "\n".join(lines)


def to_json(outcome: Verification) -> str:
    """Return the same for programs."""
    head, roster = outcome.checkpoint, outcome.roster
    steps = [{"code": s.code, "class": s.exit_class, "text": say("en", s.text, s.fields)} for s in outcome.steps]
    names = ("outcome", "contested", "dissent", "equivocators", "absent", "final")
    told = {
        "exitCode": outcome.exit_code,
        "kind": "record" if outcome.record else "bundle",
        "levels": outcome.levels,
        "bundleId": outcome.bundle_id,
        "subject": outcome.subject,
        "log": head and {"origin": head.origin, "size": head.size, "root": head.root.hex()},
        "times": {name: f"{time:%Y-%m-%dT%H:%M:%SZ}" for name, time in sorted(outcome.times.items())},
        "steps": steps,
        "council": roster and council_record(roster),
        "certified": outcome.certified,
        "verdicts": {c: {name: getattr(t, name) for name in names} for c, t in sorted(outcome.tallies.items())},
        "late": outcome.late,
        "withheld": outcome.withheld,
        "erased": outcome.erased,
        "revoked": outcome.revoked,
        "otherRuns": outcome.runs,
        "ignored": sorted(set(outcome.ignored)),
    }
    return json.dumps(told, indent=2)


if __name__ == "__main__":
    sys.exit(main())
