#!/usr/bin/env node
// `node verify.mjs FILE --trust TRUST`: the verifier on the command line. Exit codes as shinrai-verify.

import { lstat, open, readdir, readFile, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { webcrypto } from "node:crypto";

import { Fault } from "./src/encoding.mjs";
import { canVerify } from "./src/keys.mjs";
import { verify } from "./src/steps.mjs";
import { say } from "./src/texts.mjs";
import { toRecord, toText } from "./src/told.mjs";
import { readPolicy } from "./src/trust.mjs";

globalThis.crypto ??= webcrypto;

const USAGE = 64;
const MAX_TRUST = 1024 * 1024;
const HELP = `usage: verify.mjs FILE --trust TRUST [--last-seen CHECKPOINT] [--json] [--lang ja|en]
       verify.mjs --batch < list

Verify a Shinrai evidence bundle, or the record of a council's round, offline. --batch reads lines of JSON {"bundle", "trust", "lastSeen"?, "now"?} (paths;
now in milliseconds) and prints one line of JSON for each.
exit codes: 0 verified, 1 tampered or invalid, 2 incomplete, 3 policy not met, 64 wrong usage
`;

async function fileSource(path, name, opened, status) {
  if (!status.isFile()) return { name, size: 0, regular: false, read: async () => new Uint8Array(0) };
  const file = await open(path);
  opened.push(file);
  const read = async (offset, length) => {
    const piece = new Uint8Array(length);
    const { bytesRead } = await file.read(piece, 0, length, offset);
    return piece.subarray(0, bytesRead);
  };
  return { name, size: status.size, read };
}

/** An archive as one source; a folder as one for each file in it, links and the like marked as no regular file. */
async function sourceOf(path, opened) {
  const status = await stat(path);
  if (!status.isDirectory()) return fileSource(path, basename(path), opened, status);
  const found = [];
  const walk = async (folder, prefix) => {
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      const inner = join(folder, entry.name);
      if (entry.isDirectory()) await walk(inner, `${prefix}${entry.name}/`);
      else found.push(await fileSource(inner, prefix + entry.name, opened, await lstat(inner)));
      if (found.length > 65_534) return;
    }
  };
  await walk(path, "");
  return found;
}

async function smallFile(path) {
  if ((await stat(path)).size > MAX_TRUST) throw new Fault("too-large", { what: path, limit: MAX_TRUST });
  return new Uint8Array(await readFile(path));
}

async function verifyPaths({ bundle, trust, lastSeen, now }) {
  const opened = [];
  try {
    const policy = readPolicy(await smallFile(trust), trust);
    const seen = lastSeen ? await smallFile(lastSeen) : null;
    return await verify(await sourceOf(bundle, opened), policy, { lastSeen: seen, now });
  } finally {
    for (const file of opened) await file.close();
  }
}

async function batch() {
  for await (const line of createInterface({ input: process.stdin })) {
    let told;
    try {
      told = toRecord(await verifyPaths(JSON.parse(line)));
    } catch (error) {
      told = { exitCode: USAGE, error: error instanceof Fault ? say("en", error.text, error.fields) : String(error) };
    }
    process.stdout.write(`${JSON.stringify(told)}\n`);
  }
  return 0;
}

const language = (asked) => {
  const { SHINRAI_LANG, LC_ALL, LC_MESSAGES, LANG } = process.env;
  return (asked || SHINRAI_LANG || LC_ALL || LC_MESSAGES || LANG || "en").toLowerCase().startsWith("ja") ? "ja" : "en";
};

async function main() {
  const known = { trust: "string", policy: "string", "last-seen": "string", lang: "string" };
  const flags = { json: "boolean", batch: "boolean", help: "boolean" };
  const options = Object.fromEntries(Object.entries({ ...known, ...flags }).map(([name, type]) => [name, { type }]));
  let parsed;
  try {
    parsed = parseArgs({ options, allowPositionals: true });
  } catch (error) {
    process.stderr.write(`${HELP}verify.mjs: ${error.message}\n`);
    return USAGE;
  }
  const { values, positionals } = parsed;
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const words = language(values.lang);
  const complain = (text) => {
    process.stderr.write(`verify.mjs: ${text}\n`);
    return USAGE;
  };
  if (!(await canVerify())) return complain(say(words, "no-engine"));
  if (values.batch) return batch();
  const trust = values.trust ?? values.policy;
  if (positionals.length !== 1 || !trust || !["ja", "en"].includes(values.lang ?? words)) return complain(`\n${HELP}`);
  try {
    await stat(positionals[0]);
    const outcome = await verifyPaths({ bundle: positionals[0], trust, lastSeen: values["last-seen"] });
    process.stdout.write(`${values.json ? JSON.stringify(toRecord(outcome), null, 2) : toText(outcome, words)}\n`);
    return outcome.exitCode;
  } catch (error) {
    return complain(error instanceof Fault ? say(words, error.text, error.fields) : error.message);
  }
}

process.exitCode = await main();
