// The outcome as JSON for programs: the same names as shinrai-verify --json.

import { hex, sorted } from "./encoding.mjs";
import { councilOf } from "./count.mjs";
import { isoTime } from "./steps.mjs";
import { say } from "./texts.mjs";

export function toRecord(outcome) {
  const { head, roster } = outcome;
  const verdict = ({ outcome: value, contested, dissent, equivocators, absent, final }) => ({
    outcome: value,
    contested,
    dissent,
    equivocators,
    absent,
    final,
  });
  const plain = (map, change = (value) => value) => Object.fromEntries([...map].map(([key, value]) => [key, change(value)]));
  return {
    exitCode: outcome.exitCode,
    levels: outcome.levels,
    bundleId: outcome.bundleId,
    subject: outcome.subject,
    log: head && { origin: head.origin, size: Number(head.size), root: hex(head.root) },
    times: plain(outcome.times, isoTime),
    steps: outcome.steps.map(({ code, exitClass, text, fields }) => ({ code, class: exitClass, text: say("en", text, fields) })),
    council: roster && councilOf(roster),
    certified: plain(outcome.certified),
    verdicts: plain(outcome.tallies, verdict),
    late: plain(outcome.late),
    withheld: outcome.withheld,
    erased: plain(outcome.erased),
    revoked: plain(outcome.revoked),
    otherRuns: outcome.runs,
    ignored: sorted(outcome.ignored),
  };
}

const MARKS = ["✓", "✗", "…", "!"];

export function toText(outcome, language) {
  const t = (id, fields) => say(language, id, fields);
  const lines = outcome.steps.map((s) => `${MARKS[s.exitClass]} ${s.code.padEnd(3)} ${t(s.text, s.fields)}`);
  if (outcome.exitCode !== 1 && outcome.roster) {
    const council = councilOf(outcome.roster);
    lines.push("", t("council", council));
    for (const [control, counted] of outcome.tallies) lines.push(`  ${control}: ${verdictText(outcome, control, counted, language)}`);
    const causes = council.commonCausesOverF.join(", ");
    if (causes) lines.push(t("causes", { f: council.f, causes }));
  }
  for (const level of ["L1", "L2"]) lines.push(`${level === "L1" ? "\n" : ""}${level} ${MARKS[outcome.levels[level]]} ${t(level)}`);
  lines.push(t(`exit${outcome.exitCode}`));
  if (outcome.exitCode === 0) lines.push(t("not-passed"));
  return lines.join("\n");
}

/** A verdict in words: the outcome, who dissents, who signed two values, and whether it is contested. */
export function verdictText(outcome, control, counted, language) {
  const t = (id, fields) => say(language, id, fields);
  const late = outcome.late.get(control) ?? (counted.contested ? "contested" : null);
  const words = [t(counted.outcome) + (late ? ` [${t(late)}]` : "")];
  if (counted.dissent.length) words.push(t("dissent", { names: counted.dissent.join(", ") }));
  if (counted.equivocators.length) words.push(t("equivocators", { names: counted.equivocators.join(", ") }));
  return words.join(language === "ja" ? "。" : "; ");
}
