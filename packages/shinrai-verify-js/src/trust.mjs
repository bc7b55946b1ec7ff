// Whom to believe: the outsider's policy, the chain of trust documents, and the council's roster.

import { Fault, ascii, canonicalJson, concat, moment, refuseUnless, strictJson, unbase64 } from "./encoding.mjs";
import { isGood, isSound, keyidOf } from "./keys.mjs";
import { parseQuorum, parseVkey } from "./note.mjs";
import { parseStatement } from "./envelope.mjs";
import { digest, fields, held, identifier, instant, integer, list, maybe, natural, record, text } from "./shape.mjs";

export const NS = "https://shinrai.example/";
const ROLES = ["root", "admin", "producer", "coordinator", "attestor"];
const LONGEST_AGE = 86_399_999_999_999; // seconds; longer than any calendar
const OUTSIDE_SHAPES = {
  logs: maybe(list(text)),
  tsa: maybe(list(fields({ name: text, certSha256: list(digest) }))),
  witnessPolicy: maybe(text),
};
const POLICY_SHAPES = {
  schema: text,
  root: digest,
  requiredControls: maybe(list(identifier)),
  lastSeen: maybe(text),
  maxAge: maybe(integer),
};

function outsideOf(about, what) {
  fields(OUTSIDE_SHAPES)(about, what);
  const quorum = about.witnessPolicy ? parseQuorum(about.witnessPolicy) : null;
  return {
    logs: [...(about.logs ?? []).map((key) => parseVkey(key)), ...(quorum?.logs ?? [])],
    pinned: new Set((about.tsa ?? []).flatMap((service) => service.certSha256)),
    quorum,
  };
}

/** The keys of a log in their turns, where one of them is trusted. */
function inTurn(logs, turns) {
  const isOurs = (key) => turns.some((turn) => turn.text === key.text);
  return logs.some(isOurs) ? [...logs.filter((key) => key.name !== turns[0].name), ...turns] : logs;
}

/** Where the policy says nothing, the trust document's word; the log's keys each in its turn. */
export const outsideInForce = (mine, its, turns) => ({
  logs: inTurn(mine.logs.length ? mine.logs : its.logs, turns),
  pinned: mine.pinned.size ? mine.pinned : its.pinned,
  quorum: mine.quorum ?? its.quorum,
});

/** What the outsider demands; a field that is not known is an error, for a demand must not be dropped in silence. */
export function parsePolicy(data) {
  const what = "trust.json";
  const about = strictJson(data, what);
  fields({ schema: text })(about, what);
  refuseUnless(about.schema === `${NS}policy/v1`, "policy-schema", { what });
  const unknown = Object.keys(about).find((name) => !Object.hasOwn({ ...POLICY_SHAPES, ...OUTSIDE_SHAPES }, name));
  refuseUnless(unknown === undefined, "policy-field", { what, name: (unknown ?? "").slice(0, 80) });
  fields(POLICY_SHAPES)(about, what);
  const age = about.maxAge ?? 0;
  refuseUnless(age >= 0 && age <= LONGEST_AGE, "bad-shape", { what, kind: "integer", name: "maxAge" });
  return {
    root: about.root,
    outside: outsideOf(about, what),
    required: about.requiredControls ?? [],
    lastSeen: about.lastSeen ?? null,
    maxAge: about.maxAge ?? null,
  };
}

/** The same, of a file that what is wrong with it is told with. */
export function readPolicy(data, name) {
  try {
    return parsePolicy(data);
  } catch (fault) {
    throw fault instanceof Fault ? new Fault("bad-file", { name, reason: fault }) : fault;
  }
}

function publicKey(entry, what) {
  fields({ alg: text, public: text })(entry, what);
  refuseUnless(entry.alg === "ed25519", "key-kind", { what });
  const key = unbase64(entry.public, what);
  refuseUnless(isSound(key), "unsound-key", { what });
  return key;
}

const ROLE = fields({ keyids: list(text), threshold: integer });
const TURN = fields({ key: text, from: integer });
const TRUST = fields({
  logKeys: maybe(list(TURN)),
  version: integer,
  prev: maybe(digest),
  expires: instant,
  keys: record,
  roles: fields(Object.fromEntries(ROLES.map((role) => [role, ROLE]))),
});

/** The keys of a log: of one name, each once, the first from the start, each later than the one before. */
function turnsOf(entries, what) {
  const turns = entries.map(({ key, from }, at) => {
    const until = entries[at + 1] === undefined ? null : BigInt(entries[at + 1].from);
    return { ...parseVkey(key), since: BigInt(from), until };
  });
  const follows = ({ name, since }, at) => (at ? name === turns[0].name && since > turns[at - 1].since : since === 0n);
  const sound = turns.every(follows) && new Set(turns.map(({ text: vkey }) => vkey)).size === turns.length;
  refuseUnless(sound, "log-keys", { what });
  return turns;
}

/** Whether the log's keys are those of the document before, and further ones after them. */
function continuesKeys(before, trust) {
  const known = before.turns.every(({ text: vkey, since }, at) => trust.turns[at]?.text === vkey && trust.turns[at].since === since);
  const { logs } = before.outside;
  const isFresh = before.turns.length === 0 && logs.length > 0 && trust.turns.length > 0;
  return known && (!isFresh || logs.some((key) => key.text === trust.turns[0].text));
}

export function parseTrust(envelope, what) {
  const statement = parseStatement(envelope.payload, what);
  refuseUnless(statement.type === `${NS}trust/v1`, "not-trust", { what });
  const about = held(statement.about, TRUST, what);
  const keys = new Map();
  const holders = new Map();
  for (const [keyid, entry] of Object.entries(about.keys)) {
    digest(keyid, what);
    const key = publicKey(entry, what);
    fields({ holder: identifier })(entry, what);
    refuseUnless(keyidOf(key) === keyid, "foreign-keyid", { what });
    keys.set(keyid, key);
    holders.set(keyid, entry.holder);
  }
  const roles = new Map();
  for (const role of ROLES) {
    const { keyids, threshold } = about.roles[role];
    const own = new Set(keyids);
    const most = role === "attestor" ? 1 : own.size;
    const fillable = threshold <= most || (role !== "root" && threshold === 1 && own.size === 0);
    refuseUnless([...own].every((id) => keys.has(id)) && threshold >= 1 && fillable, "bad-role", { what, role });
    roles.set(role, { keyids: own, threshold });
  }
  const [version, prev, expires] = [about.version, about.prev ?? null, moment(about.expires, what)];
  const [outside, turns] = [outsideOf(about, what), turnsOf(about.logKeys ?? [], what)];
  return { version, prev, expires, keys, holders, roles, payloadDigest: envelope.payloadDigest, outside, turns };
}

/** Whether these key ids, each of another key, reach the threshold of a role. */
export function reaches(trust, role, keyids) {
  const { keyids: own, threshold } = trust.roles.get(role);
  return [...new Set(keyids)].filter((id) => own.has(id)).length >= threshold;
}

export const signersOf = (envelope) => envelope.signatures.map(({ keyid }) => keyid);

export async function allGood(envelope, keyOf) {
  for (const { keyid, bytes } of envelope.signatures) {
    if (!(await isGood(keyOf(keyid), bytes, envelope.pae))) return false;
  }
  return true;
}

/** Follow the chain from the pinned first document; each later one by the old root and the new. */
export async function followChain(envelopes, pinned) {
  const chain = [];
  for (const [at, envelope] of envelopes.entries()) {
    const what = `trust/root.${at + 1}.json`;
    const before = chain.at(-1);
    refuseUnless(at > 0 || envelope.payloadDigest === pinned, "not-pinned", { what });
    const trust = parseTrust(envelope, what);
    refuseUnless(trust.version === at + 1 && trust.prev === (before?.payloadDigest ?? null), "chain-order", { what });
    refuseUnless(!before || continuesKeys(before, trust), "log-keys", { what });
    const signers = signersOf(envelope);
    const enough = (!before || reaches(before, "root", signers)) && reaches(trust, "root", signers);
    refuseUnless(enough, "root-threshold", { what });
    const good = await allGood(envelope, (id) => trust.keys.get(id) ?? before?.keys.get(id));
    refuseUnless(good, "bad-signature", { what });
    chain.push(trust);
  }
  refuseUnless(chain.length > 0, "no-file", { name: "trust/root.1.json" });
  return chain;
}

const MEMBER = fields({
  alg: text,
  public: text,
  id: identifier,
  kind: text,
  domain: identifier,
  causes: list(text),
  strata: list(text),
  proof: text,
});

export const strataOf = (about, what) => {
  record(about, what);
  Object.values(about).forEach((least) => integer(least, what));
  return new Map(Object.entries(about));
};

/** {members: [{id, keyid, key, domain, causes, strata}], required: stratum -> least}. */
export async function parseRoster(about, what) {
  fields({ members: list(MEMBER), required: record })(about, what);
  const members = [];
  for (const entry of about.members) {
    const key = publicKey(entry, what);
    const { proof, ...rest } = entry;
    const message = concat(ascii("shinrai roster member v1\n"), canonicalJson(rest));
    refuseUnless(await isGood(key, unbase64(proof, what), message), "no-possession", { what });
    members.push({ ...rest, key, keyid: keyidOf(key) });
  }
  const distinct = (name) => new Set(members.map((member) => member[name])).size === members.length;
  refuseUnless(distinct("id") && distinct("keyid"), "member-twice", { what });
  refuseUnless(members.length >= 4, "few-members", { what });
  return { members, required: strataOf(about.required, what) };
}

/** What a rubric asks of one control beyond the roster. */
export function rubricStrata(rubric, control) {
  const what = "the rubric";
  const required = rubric?.required ?? {};
  record(required, what);
  const strata = strataOf(required[control] ?? {}, what);
  for (const least of strata.values()) natural(least, what);
  return strata;
}

