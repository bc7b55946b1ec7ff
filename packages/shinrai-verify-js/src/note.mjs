// Signed notes (C2SP), checkpoints, witnesses' quorums and proofs: the heads of the log.

import { Fault, ascii, concat, decimal, equalBytes, fromUtf8, hex, refuseUnless, unbase64, utf8 } from "./encoding.mjs";
import { sha256 } from "./hash.mjs";
import { isGood } from "./keys.mjs";

export const LOG_KIND = 1;
export const WITNESS_KIND = 4;
const LAST_SECOND = 253_402_300_799n; // 9999-12-31T23:59:59Z

const isName = (name) => /^[!-*,-~]+$/.test(name);
const noteKeyId = (name, kind, key) => sha256(utf8(name), Uint8Array.of(10, kind), key).subarray(0, 4);

/** A verifier key of one kind: {name, kind, key, id}; two are the same if their `text` is. */
export function parseVkey(text, kind = LOG_KIND) {
  const refuse = () => new Fault("bad-vkey", { key: text.slice(0, 120) });
  const [name, digits, ...rest] = text.split("+");
  if (!rest.length || !isName(name)) throw refuse();
  let data;
  try {
    data = unbase64(rest.join("+"), "");
  } catch {
    throw refuse();
  }
  const key = data.subarray(1);
  if (data.length !== 33 || data[0] !== kind || hex(noteKeyId(name, kind, key)) !== digits) throw refuse();
  return { name, kind, key, id: digits, text };
}

/** Whether it is a key's turn to sign a head of so many entries; only a log's key can have one. */
const isItsTurn = ({ since = null, until = null }, size) => since === null || (since <= size && (until === null || size < until));

/** Read a note: its text (bytes and string) and the keys that signed it, by their vkey, with a witness's time. */
export async function readNote(data, keys, what) {
  refuseUnless(data.length <= 64 * 1024, "too-large", { what, limit: 64 * 1024 });
  const note = fromUtf8(data, what);
  const cut = note.lastIndexOf("\n\n");
  const sound = cut >= 0 && note.endsWith("\n") && !/[\u0000-\u0009\u000b-\u001f]/.test(note);
  const lines = sound ? note.slice(cut + 2).split("\n").slice(0, -1) : [];
  refuseUnless(lines.length >= 1 && lines.length <= 16, "not-a-note", { what });
  const text = note.slice(0, cut + 1);
  const signed = utf8(text);
  const found = new Map();
  for (const line of lines) {
    const words = line.split(" ");
    refuseUnless(words.length === 3 && words[0] === "—" && isName(words[1]), "bad-signature-line", { what });
    const blob = unbase64(words[2], what);
    refuseUnless(blob.length >= 5, "bad-signature-line", { what });
    const [id, rest] = [hex(blob.subarray(0, 4)), blob.subarray(4)];
    const known = keys.findLast((key) => key.name === words[1] && key.id === id);
    if (known === undefined) continue;
    let [seconds, signature, message] = [0n, rest, signed];
    if (known.kind === WITNESS_KIND) {
      signature = rest.subarray(8);
      seconds = rest.subarray(0, 8).reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
      message = concat(ascii(`cosignature/v1\ntime ${seconds}\n`), signed);
    }
    refuseUnless(await isGood(known.key, signature, message), "bad-note-signature", { what, name: known.name });
    const hasTurn = (known.since ?? null) !== null;
    refuseUnless(!hasTurn || isItsTurn(known, parseCheckpoint(text, what).size), "out-of-turn", { what });
    found.set(known.text, { key: known, seconds });
  }
  return { text, signed, found };
}

/** {origin, size, root} of a checkpoint's text. size: BigInt. */
export function parseCheckpoint(text, what) {
  const lines = text.split("\n");
  refuseUnless(lines.length === 4 && lines[3] === "" && isName(lines[0]), "not-a-checkpoint", { what });
  const root = unbase64(lines[2], what);
  refuseUnless(root.length === 32, "not-a-checkpoint", { what });
  return { origin: lines[0], size: decimal(lines[1], what), root };
}

/** Milliseconds of a witness's time; one that no calendar holds is refused. */
export function witnessTime(seconds, what) {
  refuseUnless(seconds <= LAST_SECOND, "bad-time", { what });
  return Number(seconds) * 1000;
}

/** A C2SP tlog-policy: {logs, witnesses: name -> key, met(set of vkeys)}. */
export function parseQuorum(text) {
  const logs = [];
  const witnesses = new Map();
  const groups = new Map();
  const grouped = new Set();
  const goals = [];
  const isKnown = (name) => witnesses.has(name) || groups.has(name);
  for (const line of text.split("\n")) {
    const [kind, name, ...rest] = line.match(/[^ \t\r]+/g) ?? ["#"];
    const fresh = name !== undefined && name !== "none" && !isKnown(name);
    if (kind.startsWith("#")) continue;
    if (kind === "log" && name !== undefined && rest.length <= 1) {
      logs.push(parseVkey(name));
    } else if (kind === "witness" && fresh && rest.length >= 1 && rest.length <= 2) {
      witnesses.set(name, parseVkey(rest[0], WITNESS_KIND));
    } else if (kind === "group" && fresh && rest.length >= 2 && rest.slice(1).every((m) => isKnown(m) && !grouped.has(m))) {
      const members = rest.slice(1);
      const least = { all: BigInt(members.length), any: 1n }[rest[0]] ?? decimal(rest[0], "the witness policy");
      const distinct = new Set(members).size === members.length;
      refuseUnless(distinct && least >= 1n && least <= BigInt(members.length), "bad-quorum");
      groups.set(name, { least, members });
      members.forEach((member) => grouped.add(member));
    } else if (kind === "quorum" && rest.length === 0 && (name === "none" || isKnown(name))) {
      goals.push(name);
    } else {
      throw new Fault("bad-policy-line", { line: line.slice(0, 80) });
    }
  }
  const keys = new Set([...witnesses.values()].map((witness) => hex(witness.key)));
  refuseUnless(goals.length === 1 && keys.size === witnesses.size, "bad-quorum");
  const met = (signed, name = goals[0]) => {
    if (name === "none") return true;
    if (witnesses.has(name)) return signed.has(witnesses.get(name).text);
    const { least, members } = groups.get(name);
    return BigInt(members.filter((member) => met(signed, member)).length) >= least;
  };
  return { logs, witnesses, met };
}

/** A tlog-proof that carries this very checkpoint: {index: BigInt, path}. */
export function parseProof(data, note, what) {
  const refuse = () => new Fault("bad-proof", { what });
  let cut = 0;
  while (cut + 1 < data.length && !(data[cut] === 10 && data[cut + 1] === 10)) cut += 1;
  if (!equalBytes(data.subarray(cut + 2), note)) throw refuse();
  const [kind, index, ...hashes] = fromUtf8(data.subarray(0, cut), what).split("\n");
  const sound = kind === "c2sp.org/tlog-proof@v1" && index?.startsWith("index ") && hashes.length <= 63;
  if (!sound) throw refuse();
  return { index: decimal(index.slice(6), what), path: hashes.map((line) => unbase64(line, what)) };
}

