// The council's arithmetic: who suffices, and what the ballots on a control come to.

import { sorted } from "./encoding.mjs";

export const VALUES = ["pass", "fail", "inconclusive"];

export function councilOf({ members }) {
  const n = members.length;
  const f = Math.floor((n - 1) / 3);
  const domains = new Set(members.map((member) => member.domain)).size;
  const causes = new Set(members.flatMap((member) => member.causes));
  const shared = [...causes].filter((cause) => members.filter((m) => m.causes.includes(cause)).length > f);
  const F = Math.floor((domains - 1) / 3);
  return { n, f, q: Math.floor((n + f) / 2) + 1, domains, F, commonCausesOverF: sorted(shared) };
}

function demanded(roster, more) {
  const all = new Map(roster.required);
  for (const [stratum, least] of more) all.set(stratum, Math.max(all.get(stratum) ?? 0, least));
  return all;
}

/** Whether these members (ids) suffice: by number, by weight of failure domains in exact fractions, and by strata. */
export function suffice(roster, ids, more) {
  const { q, domains, F } = councilOf(roster);
  const chosen = new Set(ids);
  if (chosen.size < q || domains < 4) return false;
  const sizes = new Map();
  for (const { domain } of roster.members) sizes.set(domain, (sizes.get(domain) ?? 0n) + 1n);
  const signers = roster.members.filter((member) => chosen.has(member.id));
  const whole = [...sizes.values()].reduce((product, size) => product * size, 1n);
  const weight = signers.reduce((sum, { domain }) => sum + whole / sizes.get(domain), 0n);
  if (2n * weight <= BigInt(domains + F) * whole) return false;
  const has = (stratum) => signers.filter((member) => member.strata.includes(stratum)).length;
  return [...demanded(roster, more)].every(([stratum, least]) => has(stratum) >= least);
}

/** The record of one control. ballots: [{member, value}] that count; more: strata that the rubric asks for. */
export function count(roster, control, ballots, more) {
  const { n, f, q } = councilOf(roster);
  const cast = new Map(roster.members.map(({ id }) => [id, new Set()]));
  for (const { member, value } of ballots) if (VALUES.includes(value)) cast.get(member)?.add(value);
  const who = (wanted) => sorted([...cast].filter(([, values]) => wanted(values)).map(([id]) => id));
  const only = (value) => who((values) => values.size === 1 && values.has(value));
  const votes = Object.fromEntries(VALUES.map((value) => [value, only(value)]));
  const equivocators = who((values) => values.size > 1);
  const base = { absent: who((values) => values.size === 0), control, equivocators, votes };
  if (equivocators.length > f) return { ...base, contested: true, dissent: [], final: true, outcome: "void" };
  const outcome = VALUES.find((value) => suffice(roster, votes[value], more)) ?? "undecided";
  const decided = outcome !== "undecided";
  const others = (value) => VALUES.filter((v) => v !== value).flatMap((v) => votes[v]);
  const closed = VALUES.every((value) => others(value).length >= n + f - q + 1);
  const dissent = decided ? sorted(others(outcome)) : [];
  const person = roster.members.some((m) => dissent.includes(m.id) && m.strata.includes("human"));
  const humanAsked = (demanded(roster, more).get("human") ?? 0) > 0;
  const many = VALUES.some((value) => value !== outcome && votes[value].length >= f + 1);
  return { ...base, contested: many || (humanAsked && person), dissent, final: decided || closed, outcome };
}

/** What ballots that did not count do to a control: "void", "contested" or "" for nothing. */
export function lateWord(roster, counted, ballots, more) {
  const held = new Map();
  for (const value of VALUES) for (const member of counted.votes[value]) held.set(member, new Set([value]));
  const known = ballots.filter(({ value }) => VALUES.includes(value));
  for (const { member, value } of known) held.set(member, (held.get(member) ?? new Set()).add(value));
  const convicted = new Set(counted.equivocators);
  for (const [member, values] of held) if (values.size > 1) convicted.add(member);
  if (convicted.size > councilOf(roster).f) return counted.outcome === "void" ? "" : "void";
  if (!VALUES.includes(counted.outcome)) return "";
  const left = counted.votes[counted.outcome].filter((member) => !convicted.has(member));
  return suffice(roster, left, more) ? "" : "contested";
}
