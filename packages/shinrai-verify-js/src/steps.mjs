// The verification, step by step. A Fault ends it with class 1 (after L1 it goes on); classes 2 and 3 are noted.

import { Fault, canonicalJson, equalBytes, fromUtf8, hex, isCanonical, refuseUnless, same, sorted, strictJson, unbase64, utf8 } from "./encoding.mjs";
import { Bundle } from "./archive.mjs";
import { holdAssessment } from "./assessment.mjs";
import { VALUES, count, councilOf, lateWord, suffice } from "./count.mjs";
import { leafOf, parseEnvelope, parseStatement } from "./envelope.mjs";
import { continues, includes, leafHash, sha256Hex, treeRoot } from "./hash.mjs";
import { LOG_KIND, parseCheckpoint, parseProof, readNote, witnessTime } from "./note.mjs";
import { digest, fields, identifier, integer, isDigest, list, maybe, record, text } from "./shape.mjs";
import { stampOf } from "./stamp.mjs";
import { NS, allGood, followChain, outsideInForce, parseRoster, reaches, rubricStrata, signersOf } from "./trust.mjs";

const [LINES, HEAD, TOKEN] = ["attestations.intoto.jsonl", "log/checkpoint", "log/checkpoint.tsr"];
const MAX_LINE = 4 * 1024 * 1024;
const MEMBER_TYPES = ["council-seal", "council-ballot", "council-rationale"];
const ROLE_OF = {
  roster: "admin",
  "council-rubric": "admin",
  revocation: "admin",
  withheld: "admin",
  plan: "producer",
  abandonment: "producer",
  assessment: "producer",
  "council-round": "coordinator",
  "council-reveal": "coordinator",
  "council-close": "coordinator",
  "council-verdict": "coordinator",
};
const flag = (value, what) => refuseUnless(typeof value === "boolean", "bad-value", { what, kind: "true or false" });
const ITEMS = list(fields({ digest: fields({ sha256: digest }) }));
const SHAPES = {
  evidence: fields({ kind: text, controls: list(identifier), items: ITEMS, supersedes: maybe(digest), plan: maybe(digest) }),
  plan: fields({ checks: list(text), controls: list(identifier), items: ITEMS }),
  abandonment: fields({ plan: digest, reason: text }),
  assessment: fields({ bundle: digest, items: ITEMS, plan: maybe(digest) }),
  revocation: fields({ keyid: digest, invalidFromIndex: integer }),
  withheld: fields({ items: ITEMS, reason: text, when: text }),
  "council-round": fields({
    attempt: integer,
    controls: list(identifier),
    log: fields({ origin: text }),
    prevRound: maybe(digest),
    roster: digest,
    rubric: digest,
    trust: digest,
    sealed: maybe(flag),
  }),
  "council-seal": fields({ round: digest, seals: list(fields({ control: identifier, seal: digest })) }),
  "council-reveal": fields({ round: digest }),
  "council-ballot": fields({ round: digest, control: text, value: text }),
  "council-rationale": fields({ round: digest, control: text, value: text, inspected: list(digest), conflict: maybe(flag) }),
  "council-close": fields({ round: digest }),
  "council-verdict": fields({
    round: digest,
    controls: list(fields({ control: identifier, outcome: text, certificate: maybe(digest) })),
    council: maybe(record),
  }),
};
const RUN = fields({ run: fields({ check: text, part: integer, parts: integer }) });
const LEAF = fields({
  ...Object.fromEntries(["keyid", "pae", "payload", "subject"].map((name) => [name, digest])),
  sig: text,
  type: text,
  v: integer,
});
const MANIFEST = fields({
  schema: text,
  subject: fields({ digest: fields({ sha256: digest }) }),
  entries: list(fields({ name: text, digest: fields({ sha256: digest }), annotations: fields({ size: integer }) })),
});

const kindOf = (type) => (type.startsWith(NS) && type.endsWith("/v1") ? type.slice(NS.length, -3) : null);
const worst = (steps) => [1, 2, 3].find((code) => steps.some((step) => step.exitClass === code)) ?? 0;
const joined = (names, limit = 400) => names.join(", ").slice(0, limit);

export function ballotBytes(bundleId, round, control, value) {
  return canonicalJson({
    _type: "https://in-toto.io/Statement/v1",
    predicate: { control, round, value },
    predicateType: `${NS}council-ballot/v1`,
    subject: [{ digest: { sha256: bundleId }, name: "bundle" }],
  });
}

/** Paths and widths of the tiles that hold a log's entries (C2SP tlog-tiles). */
function tilesOf(size) {
  const found = [];
  for (let tile = 0; tile * 256 < size; tile += 1) {
    const width = Math.min(256, size - tile * 256);
    const digits = [];
    for (let left = tile; digits.length === 0 || left > 0; left = Math.floor(left / 1000)) {
      digits.unshift((digits.length ? "x" : "") + String(left % 1000).padStart(3, "0"));
    }
    found.push({ name: `log/tile/entries/${digits.join("/")}${width < 256 ? `.p/${width}` : ""}`, width });
  }
  return found;
}

class Work {
  constructor(source, policy, { lastSeen = null, now = Date.now(), onPiece } = {}) {
    Object.assign(this, { source, policy, now, onPiece });
    this.seen = [lastSeen, policy.lastSeen === null ? null : utf8(policy.lastSeen)].filter((note) => note !== null);
    this.steps = [];
    this.told = { bundleId: null, subject: null, head: null, headBytes: null, roster: null, certified: new Map() };
    Object.assign(this.told, { tallies: new Map(), late: new Map(), withheld: [], missing: [], ignored: new Set() });
    Object.assign(this.told, { times: new Map(), revoked: new Map(), runs: [], erased: new Map() });
    this.listed = new Set();
    this.names = new Map();
    this.used = new Set([HEAD, TOKEN]);
    this.signed = [];
    this.rosters = new Map();
    this.certifiers = new Map();
    this.leaves = [];
    this.placeOf = new Map();
    this.expected = new Map();
    this.entries = [];
    this.superseded = new Set();
  }

  note(code, exitClass, id, more = {}) {
    this.steps.push({ code, exitClass, text: id, fields: more });
  }

  /** Entries of a kind in log order, one for each signature. */
  of(kind, round) {
    return this.entries.filter((e) => e.kind === kind && (round === undefined || e.about.round === round));
  }

  /** The same, one for each statement: its first. */
  statementsOf(kind, round) {
    const seen = new Set();
    return this.of(kind, round).filter((e) => !seen.has(e.payload) && seen.add(e.payload));
  }

  blob(sha256) {
    return this.bundle.read(`blobs/sha256/${sha256}`);
  }

  async contents() {
    this.bundle = await Bundle.open(this.source, this.onPiece);
    const { bundle, told } = this;
    const what = "manifest.json";
    const raw = await bundle.read(what);
    const manifest = strictJson(raw, what);
    MANIFEST(manifest, what);
    refuseUnless(manifest.schema === `${NS}bundle/v1` && isCanonical(manifest, raw), "not-our-form", { what });
    told.bundleId = sha256Hex(raw);
    told.subject = manifest.subject;
    this.system = manifest.subject.digest.sha256;
    let instructed = false;
    for (const entry of manifest.entries) {
      const { sha256 } = entry.digest;
      const { kind, size, withheld } = entry.annotations;
      refuseUnless(!this.listed.has(sha256), "listed-twice", { what });
      this.listed.add(sha256);
      this.names.set(sha256, entry.name);
      if (kind === "instructions") instructed = true;
      const file = bundle.files.get(kind === "instructions" ? "VERIFY.txt" : `blobs/sha256/${sha256}`);
      if (!file) (withheld === true ? told.withheld : told.missing).push(entry.name);
      else refuseUnless(file.sha256 === sha256 && file.size === size, "other-content", { name: entry.name.slice(0, 120) });
    }
    for (const { name, sha256 } of bundle.files.values()) {
      const accounted = name === "VERIFY.txt" ? instructed : !name.startsWith("blobs/") || name === `blobs/sha256/${sha256}`;
      refuseUnless(accounted, "other-content", { name });
    }
    this.note("V1", 0, "v1", { n: bundle.files.size });
    if (told.missing.length) this.note("V1", 2, "v1-missing", { names: joined(told.missing) });
    if (told.withheld.length) this.note("V1", 2, "v1-withheld", { names: joined(told.withheld) });
  }

  async chain() {
    const names = this.bundle.names("trust/");
    const expected = names.map((_, at) => `trust/root.${at + 1}.json`);
    refuseUnless(names.every((name) => expected.includes(name)), "chain-gap");
    const envelopes = [];
    for (const name of expected) envelopes.push(parseEnvelope(await this.bundle.read(name), name));
    this.trust = await followChain(envelopes, this.policy.root);
    this.note("V2", 0, "v2", { n: names.length });
  }

  async signatures() {
    const keys = new Map(this.trust.flatMap((trust) => [...trust.keys]));
    const waiting = [];
    let number = 0;
    for await (const line of this.bundle.lines(LINES, MAX_LINE)) {
      number += 1;
      const what = `${LINES}:${number}`;
      const envelope = parseEnvelope(line, what);
      if (signersOf(envelope).every((id) => keys.has(id))) await this.take(envelope, keys, what);
      else waiting.push([envelope, what]);
    }
    for (const { envelope, statement } of this.signed) {
      if (statement.type === `${NS}roster/v1`) {
        this.rosters.set(envelope.payloadDigest, await parseRoster(statement.about, "the roster"));
      }
    }
    for (const roster of this.rosters.values()) {
      for (const { keyid, key } of roster.members) if (!keys.has(keyid)) keys.set(keyid, key);
    }
    for (const [envelope, what] of waiting) await this.take(envelope, keys, what);
  }

  async take(envelope, keys, what) {
    refuseUnless(signersOf(envelope).every((id) => keys.has(id)), "unknown-key", { what });
    refuseUnless(await allGood(envelope, (id) => keys.get(id)), "bad-signature", { what });
    this.signed.push({ what, envelope, statement: parseStatement(envelope.payload, what) });
  }

  async certificates() {
    const shown = new Map();
    for (const { envelope, statement } of this.signed) {
      const before = shown.get(envelope.payloadDigest)?.signers ?? [];
      shown.set(envelope.payloadDigest, { statement, signers: [...new Set([...before, ...signersOf(envelope)])] });
    }
    const typed = (payload, kind) => {
      const found = shown.get(payload);
      return found && kindOf(found.statement.type) === kind ? found : null;
    };
    for (const [payload, { statement }] of shown) {
      if (kindOf(statement.type) !== "council-verdict") continue;
      const what = "the verdict";
      SHAPES["council-verdict"](statement.about, what);
      const round = typed(statement.about.round, "council-round");
      refuseUnless(round, "no-round");
      digest(round.statement.about.roster, "the round");
      const roster = typed(round.statement.about.roster, "roster");
      refuseUnless(roster && round.statement.subject === this.told.bundleId, "no-round");
      for (const [role, { signers }] of [["admin", roster], ["coordinator", round], ["coordinator", shown.get(payload)]]) {
        refuseUnless(this.trust.some((trust) => reaches(trust, role, signers)), "role-threshold", { what, role });
      }
      const rubric = shown.get(round.statement.about.rubric)?.statement.about;
      const members = this.rosters.get(round.statement.about.roster);
      for (const claim of statement.about.controls) {
        if (VALUES.includes(claim.outcome)) await this.certificate(claim, statement.about.round, members, rubric);
      }
    }
    this.note("L1", 0, "l1", { n: this.told.certified.size });
  }

  async certificate({ control, outcome, certificate }, round, roster, rubric) {
    const fields_ = { name: control };
    refuseUnless(isDigest(certificate), "bad-certificate", fields_);
    const envelope = parseEnvelope(await this.blob(certificate), `blobs/sha256/${certificate}`);
    this.listed.add(certificate);
    const members = new Map(roster.members.map((member) => [member.keyid, member]));
    const rests =
      equalBytes(envelope.payload, ballotBytes(this.told.bundleId, round, control, outcome)) &&
      (await allGood(envelope, (id) => members.get(id)?.key));
    refuseUnless(rests, "bad-certificate", fields_);
    const voters = signersOf(envelope).map((id) => members.get(id).id);
    this.certifiers.set(`${round} ${control}`, voters);
    refuseUnless(suffice(roster, voters, rubricStrata(rubric, control)), "bad-certificate", fields_);
    this.told.certified.set(control, outcome);
  }

  get isWhole() {
    return this.bundle.names("log/proofs/").length === 0;
  }

  async readHead(data, what) {
    const { logs, quorum } = this.outside;
    const note = await readNote(data, [...logs, ...(quorum ? quorum.witnesses.values() : [])], what);
    const origin = note.text.split("\n")[0];
    const ours = [...note.found.values()].some(({ key }) => key.kind === LOG_KIND && key.name === origin);
    refuseUnless(ours, "unknown-log", { what });
    return { ...parseCheckpoint(note.text, what), note };
  }

  async head() {
    const { bundle, told } = this;
    this.outside = outsideInForce(this.policy.outside, this.trust.at(-1).outside, this.trust.at(-1).turns);
    told.headBytes = await bundle.read(HEAD, 64 * 1024);
    const head = await this.readHead(told.headBytes, HEAD);
    if (this.isWhole) {
      refuseUnless(head.size <= BigInt(256 * bundle.files.size), "log-size", { n: head.size });
      for (const { name, width } of tilesOf(Number(head.size))) await this.tile(name, width);
      refuseUnless(hex(treeRoot(this.leaves)) === hex(head.root), "log-root");
      refuseUnless(this.placeOf.size === this.leaves.length, "entry-twice");
    }
    told.head = head;
    this.note("V3", 0, "v3", { origin: head.origin, n: head.size });
    const { quorum } = this.outside;
    for (const witness of quorum ? quorum.witnesses.values() : []) {
      const signed = head.note.found.get(witness.text);
      if (signed) told.times.set(witness.name, witnessTime(signed.seconds, HEAD));
    }
    if (quorum && !quorum.met(head.note.found)) this.note("V3", 3, "v3-witnesses", { n: told.times.size });
    await this.stamped(head.note.signed);
    this.inTime();
  }

  async tile(name, width) {
    const tile = await this.bundle.read(name);
    let at = 0;
    for (let n = 0; n < width; n += 1) {
      refuseUnless(at + 2 <= tile.length, "bad-tile", { name, n: width });
      const end = at + 2 + tile[at] * 256 + tile[at + 1];
      refuseUnless(end <= tile.length, "bad-tile", { name, n: width });
      const entry = tile.subarray(at + 2, end);
      const leaf = strictJson(entry, name);
      LEAF(leaf, name);
      refuseUnless(isCanonical(leaf, entry), "not-our-form", { what: name });
      const kind = kindOf(leaf.type);
      const aboutAll = kind === "trust" || kind === "revocation" || leaf.subject === this.told.bundleId;
      const aboutSystem = leaf.subject === this.system && ["plan", "abandonment", "assessment"].includes(kind);
      const aboutErasure = kind === "withheld" && this.names.has(leaf.subject);
      if (aboutAll || aboutSystem || aboutErasure) this.expected.set(this.leaves.length, kind ?? leaf.type);
      const hash = leafHash(entry);
      this.placeOf.set(hex(hash), this.leaves.length);
      this.leaves.push(hash);
      at = end;
    }
    refuseUnless(at === tile.length, "bad-tile", { name, n: width });
    this.used.add(name);
  }

  async stamped(data) {
    const { pinned } = this.outside;
    const has = this.bundle.has(TOKEN);
    if (pinned.size === 0) {
      if (has) this.note("V3", 0, "v3-unchecked", { what: TOKEN });
      return;
    }
    const found = has ? await stampOf(await this.bundle.read(TOKEN), data, pinned, TOKEN) : null;
    if (found) this.told.times.set(`tsa:${found.certificate}`, found.time);
    else this.note("V3", 3, "v3-no-stamp");
  }

  inTime() {
    const times = [...this.told.times.values()];
    if (times.length) {
      const shown = sorted(this.told.times.keys()).map((name) => `${name} ${isoTime(this.told.times.get(name))}`);
      this.note("V3", 0, "v3-times", { times: shown.join(", ") });
    }
    const { expires } = this.trust.at(-1);
    if (expires < (times.length ? Math.max(...times) : this.now)) this.note("V2", 3, "v2-expired", { date: isoTime(expires) });
    const { maxAge } = this.policy;
    if (maxAge !== null && !(times.length && this.now - Math.min(...times) <= maxAge * 1000)) this.note("V3", 3, "v3-too-old");
  }

  async memory() {
    if (!this.seen.length) this.note("V4", 0, "v4-none");
    for (const note of this.seen) await this.continuing(await this.readHead(note, "the last seen checkpoint"));
  }

  async continuing(seen) {
    const { head } = this.told;
    refuseUnless(seen.origin === head.origin, "other-log");
    refuseUnless(seen.size <= head.size, "older-log", { n: head.size, m: seen.size });
    const name = `log/consistency/${seen.size}`;
    let holds;
    if (seen.size === head.size) holds = equalBytes(seen.root, head.root);
    else if (this.isWhole || seen.size === 0n) holds = equalBytes(seen.root, treeRoot(this.leaves.slice(0, Number(seen.size))));
    else if (this.bundle.has(name)) {
      const proof = [];
      for await (const line of this.bundle.lines(name, MAX_LINE)) proof.push(unbase64(fromUtf8(line, name), name));
      holds = continues(seen.size, seen.root, head.size, head.root, proof);
      this.used.add(name);
    } else {
      this.note("V4", 3, "v4-unproven", { m: seen.size });
      return;
    }
    refuseUnless(holds, "rewritten");
    this.note("V4", 0, "v4", { m: seen.size });
  }

  async statements() {
    const at = new Map();
    for (const { what, envelope, statement } of this.signed) {
      for (const signature of envelope.signatures) {
        const index = await this.place(leafOf(signature, envelope, statement), what);
        const { type, subject, about } = statement;
        const common = { index, keyid: signature.keyid, sig: sha256Hex(signature.bytes), payload: envelope.payloadDigest };
        at.set(index, { ...common, type, kind: kindOf(type), subject, about });
      }
    }
    this.entries = [...at.values()].sort((a, b) => (a.index < b.index ? -1 : 1));
    const extra = this.bundle.names("log/").filter((name) => !this.used.has(name) && !name.startsWith("log/consistency/"));
    refuseUnless(extra.length === 0, "bad-name", { name: extra[0] });
    this.note("V5", 0, "v5", { n: this.entries.length });
    if (!this.isWhole) this.note("V5", 0, "v5-part");
    const hidden = [...this.expected].filter(([index]) => !at.has(index)).map(([index, kind]) => `${index} (${kind})`);
    if (hidden.length) this.note("V5", 2, "v5-hidden", { names: joined(hidden) });
  }

  async place(leaf, what) {
    const name = `log/proofs/${hex(leaf)}.tlog-proof`;
    const { head, headBytes } = this.told;
    let index = this.placeOf.get(hex(leaf));
    if (this.bundle.has(name)) {
      const proof = parseProof(await this.bundle.read(name), headBytes, name);
      index = includes(head.root, head.size, proof.index, leaf, proof.path) ? Number(proof.index) : undefined;
      this.used.add(name);
    }
    refuseUnless(index !== undefined, "not-logged", { what });
    return index;
  }

  signers() {
    const introduced = new Map(this.of("trust").reverse().map((entry) => [entry.payload, entry.index]));
    const chained = new Set(this.trust.map((trust) => trust.payloadDigest));
    refuseUnless([...introduced.keys()].every((payload) => chained.has(payload)), "stray-trust");
    const { revoked, ignored } = this.told;
    for (const { about } of this.of("revocation")) {
      SHAPES.revocation(about, "a revocation");
      revoked.set(about.keyid, Math.min(about.invalidFromIndex, revoked.get(about.keyid) ?? Infinity));
    }
    const together = new Map();
    for (const { payload, keyid } of this.entries) together.set(payload, [...(together.get(payload) ?? []), keyid]);
    for (const entry of this.entries) {
      const { index, keyid, kind, about } = entry;
      if (kind === "revocation" && about.keyid === keyid) continue; // whoever holds a key may always give it up
      refuseUnless((revoked.get(keyid) ?? Infinity) > index, "revoked", { index });
      if (kind === "trust" || MEMBER_TYPES.includes(kind)) continue;
      const ofEvidence = about.kind === "evaluation" ? "producer" : "attestor";
      const role = kind === "evidence" ? ofEvidence : Object.hasOwn(ROLE_OF, kind ?? "") ? ROLE_OF[kind] : null;
      if (role === null) {
        ignored.add(entry.type.slice(0, 120));
        continue;
      }
      const trust = this.trust.filter((t) => (introduced.get(t.payloadDigest) ?? Infinity) < index).at(-1);
      refuseUnless(trust?.roles.get(role).keyids.has(keyid), "no-right", { index, kind });
      refuseUnless(reaches(trust, role, together.get(entry.payload)), "role-threshold", { what: String(index), role });
      refuseUnless(role !== "attestor" || about.decider === trust.holders.get(keyid), "other-person", { index });
    }
    this.note("V6", 0, "v6");
  }

  evidence() {
    const { ignored } = this.told;
    this.entries = this.entries.filter((entry) => {
      try {
        if (Object.hasOwn(SHAPES, entry.kind ?? "")) SHAPES[entry.kind](entry.about, `entry ${entry.index}`);
        if (entry.kind === "council-ballot") {
          const { round, control, value } = entry.about;
          refuseUnless(sha256Hex(ballotBytes(entry.subject, round, control, value)) === entry.payload, "not-our-form");
        }
        return true;
      } catch (fault) {
        if (!MEMBER_TYPES.includes(entry.kind)) throw fault;
        ignored.add(entry.type); // one member must not be able to spoil the round for all
        return false;
      }
    });
    if (ignored.size) this.note("V7", 0, "v7-ignored", { names: joined(sorted(ignored)) });
    const evidence = new Map(this.of("evidence").map((entry) => [entry.payload, entry]));
    this.planned = new Set([...evidence.values()].map(({ about }) => about.plan ?? null));
    const gone = [];
    for (const entry of this.entries.filter(({ kind }) => kind === "evidence" || kind === "plan")) {
      const { index, about } = entry;
      refuseUnless(entry.subject === this.system, "other-system", { index });
      const ofOtherRun = entry.kind === "plan" && !this.planned.has(entry.payload);
      const rests = ofOtherRun || about.items.every((item) => this.listed.has(item.digest.sha256));
      refuseUnless(rests, "unlisted", { index });
      const old = about.supersedes ?? null;
      if (old === null) continue;
      if (!evidence.has(old)) {
        gone.push(old.slice(0, 16));
        continue;
      }
      const before = evidence.get(old);
      refuseUnless(before.about.kind === about.kind && before.index < index, "supersedes", { index });
      this.superseded.add(old);
    }
    if (gone.length) this.note("V7", 2, "v7-superseded", { names: joined(gone) });
    this.note("V7", 0, "v7", { n: evidence.size });
    this.erasures();
  }

  isHere(sha256) {
    return this.bundle.has(`blobs/sha256/${sha256}`);
  }

  erasures() {
    const { erased } = this.told;
    for (const { about, index } of this.of("withheld")) {
      for (const { digest: { sha256 } } of about.items) {
        if (this.names.has(sha256) && !erased.has(sha256)) erased.set(sha256, index);
      }
    }
    for (const [id, exitClass, here] of [["v7-erased", 2, false], ["v7-not-erased", 0, true]]) {
      const told = [...erased].filter(([sha256]) => this.isHere(sha256) === here);
      const names = told.map(([sha256, index]) => `${this.names.get(sha256).slice(0, 120)} (${index})`);
      if (names.length) this.note("V7", exitClass, id, { names: joined(names) });
    }
  }

  logged(payload, kind, before) {
    const found = this.of(kind).find((entry) => entry.payload === payload && entry.index < before);
    refuseUnless(found, "not-before", { kind });
    return found;
  }

  rounds() {
    const rounds = this.statementsOf("council-round");
    refuseUnless(rounds.length > 0, "no-rounds");
    let previous = null;
    for (const [at, entry] of rounds.entries()) {
      const { about } = entry;
      refuseUnless(entry.subject === this.told.bundleId, "round-bundle");
      refuseUnless(about.log.origin === this.told.head.origin, "round-log");
      refuseUnless(about.attempt === at + 1 && (about.prevRound ?? null) === previous, "hidden-attempt");
      this.logged(about.roster, "roster", entry.index);
      this.logged(about.trust, "trust", entry.index);
      this.rubric = this.logged(about.rubric, "council-rubric", entry.index).about;
      previous = entry.payload;
    }
    this.round = rounds.at(-1);
    this.told.roster = this.rosters.get(this.round.about.roster);
    refuseUnless(this.told.roster, "no-round");
    this.note("V8", 0, "v8", { n: rounds.length });
  }

  verdicts() {
    const { told, round } = this;
    const id = round.payload;
    const closes = this.statementsOf("council-close", id);
    const verdicts = this.statementsOf("council-verdict", id);
    refuseUnless(closes.length === 1 && verdicts.length === 1 && verdicts[0].index > closes[0].index, "not-closed");
    const seats = new Map(told.roster.members.map((member) => [member.keyid, member.id]));
    const cast = this.entries
      .filter((e) => MEMBER_TYPES.includes(e.kind) && e.about.round === id && seats.has(e.keyid))
      .map((e) => ({ ...e, inside: e.index > round.index && e.index < closes[0].index }));
    const reasons = cast.filter((e) => e.inside && e.kind === "council-rationale");
    const voteKey = (e) => JSON.stringify([e.keyid, e.about.control, e.about.value]);
    const explained = new Set(reasons.filter((e) => e.about.conflict !== true).map(voteKey));
    const isUnsealed = this.sealRule(cast);
    const [counting, after] = [new Map(), new Map()];
    for (const control of round.about.controls) [counting, after].forEach((map) => map.set(control, []));
    for (const entry of cast) {
      const { control, value } = entry.about;
      if (entry.kind !== "council-ballot" || entry.subject !== told.bundleId || !counting.has(control)) continue;
      const counts = entry.inside && explained.has(voteKey(entry)) && isUnsealed(entry);
      (counts ? counting : after).get(control).push({ member: seats.get(entry.keyid), value });
    }
    for (const control of sorted(counting.keys())) {
      const strata = rubricStrata(this.rubric, control);
      const counted = count(told.roster, control, counting.get(control), strata);
      told.tallies.set(control, counted);
      const word = lateWord(told.roster, counted, after.get(control), strata);
      if (word) told.late.set(control, word);
    }
    this.compare(verdicts[0].about, id);
    this.note("V9", 0, "v9", { n: told.tallies.size });
    if (told.late.size) this.note("V9", 3, "v9-late", { names: joined([...told.late].map(([c, word]) => `${c}: ${word}`)) });
    const shown = new Set(this.entries.map((e) => e.payload));
    const unseen = new Set(reasons.flatMap((e) => e.about.inspected).filter((d) => !this.listed.has(d) && !shown.has(d)));
    if (unseen.size) this.note("V9", 2, "v9-unseen", { n: unseen.size });
  }

  compare(said, id) {
    const { roster, tallies } = this.told;
    const claimed = said.controls.map(({ certificate, ...rest }) => rest);
    const { nEff, ...numbers } = said.council ?? councilOf(roster);
    refuseUnless(same(claimed, [...tallies.values()]) && same(numbers, councilOf(roster)), "other-count");
    for (const [control, counted] of tallies) {
      const wanted = counted.votes[counted.outcome] ?? [];
      const signers = sorted(this.certifiers.get(`${id} ${control}`) ?? []);
      refuseUnless(same(signers, wanted), "bad-certificate", { name: control });
    }
  }

  sealRule(cast) {
    if (this.round.about.sealed !== true) return () => true;
    const reveals = this.statementsOf("council-reveal", this.round.payload);
    refuseUnless(reveals.length === 1, "not-revealed");
    const at = reveals[0].index;
    const before = cast.filter((e) => e.kind === "council-seal" && e.inside && e.index < at);
    const given = new Map();
    const place = ({ keyid }, control) => JSON.stringify([keyid, control]);
    for (const entry of before.sort((one, other) => one.index - other.index))
      for (const { control, seal } of entry.about.seals)
        // The first one stands: with two, a member could choose once it has seen how others voted.
        if (!given.has(place(entry, control))) given.set(place(entry, control), seal);
    return (ballot) => ballot.index > at && given.get(place(ballot, ballot.about.control)) === ballot.sig;
  }

  plans() {
    const runs = new Map();
    for (const { about, index } of this.of("evidence")) {
      if (about.kind !== "evaluation") continue;
      this.logged(about.plan, "plan", index);
      RUN(about, `entry ${index}`);
      const name = JSON.stringify([about.plan, about.run.check]);
      if (!runs.has(name)) runs.set(name, new Map());
      runs.get(name).set(about.run.part, about.run.parts);
    }
    const givenUp = new Map(this.of("abandonment").map(({ about }) => [about.plan, about.reason]));
    const elsewhere = new Map(this.of("assessment").map(({ about }) => [about.plan ?? null, about.bundle]));
    const gaps = [];
    for (const { payload, index, about } of this.statementsOf("plan")) {
      const other = elsewhere.get(payload);
      if (!this.planned.has(payload) && (givenUp.has(payload) || (other !== undefined && other !== this.told.bundleId))) {
        this.told.runs.push(`${index} (${givenUp.get(payload) ?? other})`.slice(0, 160));
        continue;
      }
      for (const check of about.checks) {
        const found = runs.get(JSON.stringify([payload, check])) ?? new Map();
        const complete = found.size > 0 && [...found].every(([part, of]) => part >= 0 && part < found.size && of === found.size);
        if (!complete) gaps.push(`${check.slice(0, 120)} (${index})`);
      }
    }
    if (this.told.runs.length) this.note("V10", 0, "v10-runs", { names: joined(this.told.runs, 800) });
    if (gaps.length) this.note("V10", 2, "v10-gaps", { names: joined(gaps, 800) });
    else this.note("V10", 0, "v10");
  }

  async report() {
    const { told, bundle } = this;
    const all = this.of("assessment");
    refuseUnless(all.length > 0, "no-assessment");
    const claims = all.filter((e) => e.about.bundle === told.bundleId);
    refuseUnless(claims.length > 0 && claims.every((e) => e.subject === this.system), "other-assessment");
    for (const { about } of claims) about.items.forEach((item) => this.listed.add(item.digest.sha256));
    const stray = bundle.names("blobs/").find((name) => !this.listed.has(name.slice(-64)));
    refuseUnless(stray === undefined, "stray-content", { name: stray });
    const { items } = claims.at(-1).about;
    refuseUnless(items.length > 0, "no-assessment");
    const evidence = new Map();
    for (const { payload, index, about } of this.statementsOf("evidence")) {
      if (!this.superseded.has(payload)) evidence.set(payload, { index, about });
    }
    const read = async (sha256) => (told.erased.has(sha256) && !this.isHere(sha256) ? null : this.blob(sha256));
    const unseen = await holdAssessment(await this.blob(items[0].digest.sha256), told.tallies, evidence, read);
    this.note("V11", 0, "v11");
    if (unseen) this.note("V11", 2, "v11-erased", { n: unseen });
    const passed = (control) => told.tallies.get(control)?.outcome === "pass" && !told.late.has(control);
    const short = this.policy.required.filter((control) => !passed(control));
    if (short.length) this.note("V11", 3, "v11-required", { names: joined(short) });
  }
}

const ORDER = [
  ["V1", "contents"],
  ["V2", "chain"],
  ["V5", "signatures"],
  ["L1", "certificates"],
  ["V3", "head"],
  ["V4", "memory"],
  ["V5", "statements"],
  ["V6", "signers"],
  ["V7", "evidence"],
  ["V8", "rounds"],
  ["V9", "verdicts"],
  ["V10", "plans"],
  ["V11", "report"],
];

export const isoTime = (milliseconds) => new Date(milliseconds).toISOString().replace(".000Z", "Z");

/** Verify a bundle: {exitCode, levels: {L1, L2}, steps, …what was found}. source: an archive, or a list of files. */
export async function verify(source, policy, options = {}) {
  const work = new Work(source, policy, options);
  for (const [code, name] of ORDER) {
    try {
      await work[name]();
    } catch (error) {
      // Anything but a Fault is a signed statement of a form nobody foresaw: refused, never a crash.
      const fault = error instanceof Fault ? error : new Fault("unforeseen", { what: String(error).slice(0, 200) });
      work.note(code, 1, fault.text, fault.fields);
      if (code !== "L1") break;
    }
  }
  const alone = work.steps.filter(({ code }) => ["V1", "V2", "L1"].includes(code));
  const exitCode = worst(work.steps);
  const L1 = alone.some(({ code }) => code === "L1") ? worst(alone) : 1;
  return { ...work.told, exitCode, levels: { L1, L2: exitCode }, steps: work.steps };
}
