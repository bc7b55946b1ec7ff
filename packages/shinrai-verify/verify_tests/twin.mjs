// Decides single cases by the rules of the JavaScript verifier: lines of JSON in, one answer each out. See published.py.

import { createInterface } from "node:readline";
import { webcrypto } from "node:crypto";

globalThis.crypto ??= webcrypto;

const source = process.argv[2];
const load = (name) => import(`${source}/${name}.mjs`);
const { canonicalJson, Fault, hex, strictJson, unhex } = await load("encoding");
const { continues, includes } = await load("hash");
const { isGood } = await load("keys");
const { parseVkey, readNote } = await load("note");
const { stampOf } = await load("stamp");

const all = (texts) => texts.map(unhex);

const RULES = {
  signature: ({ key, signature, message }) => isGood(unhex(key), unhex(signature), unhex(message)),
  json: ({ data }) => {
    strictJson(unhex(data), "it", { floats: true });
    return true;
  },
  canonical: ({ data }) => hex(canonicalJson(strictJson(unhex(data), "it"))),
  inclusion: ({ leaf, index, size, proof, head }) =>
    includes(unhex(head), BigInt(size), BigInt(index), unhex(leaf), all(proof)),
  consistency: ({ old, oldHead, size, head, proof }) =>
    continues(BigInt(old), unhex(oldHead), BigInt(size), unhex(head), all(proof)),
  note: async ({ note, key }) => {
    const { signed, found } = await readNote(unhex(note), [parseVkey(key)], "it");
    return found.size > 0 && hex(signed);
  },
  stamp: async ({ token, data, pinned }) => {
    const found = await stampOf(unhex(token), unhex(data), new Set(pinned), "it");
    return found ? [found.certificate, found.time] : "not-pinned";
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const { rule, given } = JSON.parse(line);
  let answer;
  try {
    answer = await RULES[rule](given);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    answer = rule === "stamp" ? error.text : false;
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
