// assessment.json is the producer's word: here each record is held to the evidence it names, each state to its verdict,
// each result to what lies below it.

import { Fault, refuseUnless, same, strictJson } from "./encoding.mjs";
import { digest, fields, identifier, list, maybe, record } from "./shape.mjs";

const WHAT = "assessment.json";
const KEPT = "id target check metric columns title n outcome decisive method neededN reason findings".split(" ");
const OF_GROUP = "levels n successes trials suppressed note".split(" ");
const bool = (value, what) => refuseUnless(typeof value === "boolean", "bad-value", { what, kind: "true or false" });

function pick(source, names) {
  const missing = names.find((name) => !(name in source));
  refuseUnless(missing === undefined, "bad-shape", { what: "a measurement", kind: "value", name: missing });
  return Object.fromEntries(names.map((name) => [name, source[name]]));
}

function numberOf(written) {
  if (written === null) return null;
  const plain = typeof written === "string" && /^-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?$/.test(written);
  const value = plain ? Number(written) : NaN;
  refuseUnless(Number.isFinite(value), "bad-value", { what: "a measurement", kind: "decimal" });
  return value === 0 ? 0 : value;
}

function intervalOf(source, level) {
  const { low, high } = pick(source, ["low", "high"]);
  return low === null || high === null ? null : { low: numberOf(low), high: numberOf(high), level: numberOf(level) };
}

/** A signed measurement as an assessment shows it. */
function shownMeasurement(signed) {
  record(signed, "a measurement");
  const { level, rule, value, coverage, groups } = pick(signed, ["level", "rule", "value", "coverage", "groups"]);
  const { used, asked } = pick(coverage, ["used", "asked"]);
  maybe(record)(rule, "a measurement");
  list(record)(groups, "a measurement");
  return {
    ...pick(signed, KEPT),
    value: numberOf(value),
    interval: intervalOf(signed, level),
    coverage: { part: used, whole: asked },
    comparison: rule?.comparison ?? null,
    limit: numberOf(rule?.limit ?? null),
    groups: groups.map((group) => ({
      ...pick(group, OF_GROUP),
      value: numberOf(pick(group, ["value"]).value),
      interval: intervalOf(group, level),
    })),
  };
}

async function wantedOf(kind, { index, about }, read) {
  if (kind === "measurements") {
    const content = await read(about.items[0].digest.sha256);
    const signed = content && shownMeasurement(strictJson(content, "a measurement"));
    const { finishedOn, validUntil } = pick(about, ["finishedOn", "validUntil"]);
    return { ...signed, shows: about.controls, measuredOn: finishedOn, validUntil, logIndex: index };
  }
  const { person, signedOn, validUntil } = pick(about, ["person", "signedOn", "validUntil"]);
  const { name: by, position } = pick(person, ["name", "position"]);
  const common = { by, position, signedOn, expires: validUntil, logIndex: index };
  if (kind === "approvals") return { ...common, covers: about.controls };
  const { attestation, statement } = pick(about, ["attestation", "statement"]);
  refuseUnless(about.controls.length > 0, "bad-value", { what: WHAT, kind: "list" });
  return { ...common, id: attestation, shows: about.controls[0], statement };
}

async function holdRecord(kind, shown, evidence, read) {
  digest(shown.evidence, WHAT);
  const known = evidence.get(shown.evidence);
  const wanted = known ? await wantedOf(kind, known, read) : {};
  const holds = known && Object.entries(wanted).every(([name, value]) => same(shown[name] ?? null, value));
  refuseUnless(holds, "shown-otherwise", { name: String(shown.id ?? kind).slice(0, 120) });
  return kind !== "measurements" || "id" in wanted;
}

function holdLeaf(leaf, tallies) {
  identifier(leaf.id, WHAT);
  maybe(record)(leaf.verdict, WHAT);
  const outcome = tallies.get(leaf.id)?.outcome ?? null;
  refuseUnless((leaf.verdict?.outcome ?? null) === outcome, "other-verdict", { name: leaf.id });
  const { state } = leaf;
  const rests =
    state === "not_assessed" || (state === "met" && outcome === "pass") || (state === "not_met" && outcome === "fail");
  refuseUnless(rests, "not-certified", { name: leaf.id, state: String(state).slice(0, 20) });
}

function combined(parts) {
  if (parts.includes("not_met")) return "not_met";
  if (!parts.includes("met") && !parts.includes("partly")) return "not_assessed";
  return parts.every((part) => part === "met") ? "met" : "partly";
}

function holdResult(result, results, approved) {
  identifier(result.id, WHAT);
  const isHeading = result.leaves.length === 0;
  const under = isHeading ? results.filter((r) => r.principle === result.id).map((r) => r.result) : [];
  const parts = isHeading ? under.filter((r) => r !== "not_applicable") : result.leaves.map((leaf) => leaf.state);
  const leftOut = result.result === "not_assessed" && under.length > 0 && (result.exclusion ?? null) !== null;
  const follows =
    result.result === "not_applicable"
      ? approved.has(result.id) || (under.length > 0 && parts.length === 0)
      : leftOut || result.result === combined(parts);
  refuseUnless(follows, "does-not-follow", { name: result.id, state: String(result.result).slice(0, 20) });
}

/**
 * Refuse what goes beyond its ground. evidence: digest -> {index, about}; tallies: control -> record; read: gives null
 * for what was erased. Returns how many measurements could not be compared for that.
 */
export async function holdAssessment(data, tallies, evidence, read) {
  const found = strictJson(data, WHAT, { floats: true });
  const records = list(record);
  fields({ measurements: records, attestations: records, approvals: records, results: records, summary: record })(found, WHAT);
  let unseen = 0;
  for (const kind of ["measurements", "attestations", "approvals"]) {
    for (const shown of found[kind]) {
      if (kind === "attestations") fields({ signed: bool })(shown, WHAT);
      const counts = kind !== "attestations" || shown.signed;
      if (counts && !(await holdRecord(kind, shown, evidence, read))) unseen += 1;
    }
  }
  const { results, summary } = found;
  list(fields({ leaves: records }))(results, WHAT);
  const leaves = results.flatMap((result) => result.leaves);
  leaves.forEach((leaf) => holdLeaf(leaf, tallies));
  const hidden = [...tallies.keys()].find((control) => !leaves.some((leaf) => leaf.id === control));
  if (hidden !== undefined) throw new Fault("control-left-out", { name: hidden });
  const approvals = [...evidence.values()].filter(({ about }) => about.choice === "approve-scope");
  const approved = new Set(approvals.flatMap(({ about }) => about.controls));
  results.forEach((result) => holdResult(result, results, approved));
  const decisive = results.filter((result) => result.required === true).map((result) => result.result);
  let conclusion = "undecided";
  if (decisive.includes("not_met")) conclusion = "not_met";
  else if (decisive.includes("met") && decisive.every((r) => r === "met" || r === "not_applicable")) conclusion = "met";
  const exitCode = { met: 0, not_met: 1, undecided: 2 }[conclusion];
  refuseUnless(summary.conclusion === conclusion && summary.exitCode === exitCode, "wrong-conclusion");
  return unseen;
}

