// Ed25519 keys: their ids, and a signature rule on which all libraries agree.

import { ascii, concat, hex, unhex } from "./encoding.mjs";
import { sha256Hex } from "./hash.mjs";

const SPKI = unhex("302a300506032b6570032100");

function lowOrder() {
  const p = (1n << 255n) - 19n;
  const littleEndian = (n) => unhex(n.toString(16).padStart(64, "0")).reverse();
  const t = BigInt(`0x${hex(unhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05").reverse())}`);
  const points = [0n, 1n, p - 1n, p, p + 1n, t, p - t];
  return new Set(points.flatMap((y) => [hex(littleEndian(y)), hex(littleEndian(y | (1n << 255n)))]));
}

/** The 14 encodings of points of low order, on some of which libraries disagree. */
export const LOW_ORDER = lowOrder();

export const isSound = (key) => key.length === 32 && !LOW_ORDER.has(hex(key));
export const keyidOf = (key) => sha256Hex(SPKI, key);

const imported = new Map();

function importKey(key) {
  const name = hex(key);
  if (!imported.has(name)) {
    if (imported.size > 4096) imported.clear();
    imported.set(name, crypto.subtle.importKey("raw", key, "Ed25519", false, ["verify"]).catch(() => null));
  }
  return imported.get(name);
}

/** Whether a signature is good. Wrong lengths, and a key or R of low order, never are. */
export async function isGood(key, signature, data) {
  if (!key || !isSound(key) || signature.length !== 64 || LOW_ORDER.has(hex(signature.subarray(0, 32)))) return false;
  const usable = await importKey(key);
  return usable !== null && crypto.subtle.verify("Ed25519", usable, signature, data);
}

/** Whether this engine knows Ed25519 at all: without it every signature would look bad, which is another statement. */
export async function canVerify() {
  const key = unhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
  const signature = unhex(
    "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155" +
      "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
  );
  try {
    return (await isGood(key, signature, new Uint8Array(0))) && !(await isGood(key, signature, ascii("x")));
  } catch {
    return false;
  }
}

export const pae = (payload) =>
  concat(ascii(`DSSEv1 28 application/vnd.in-toto+json ${payload.length} `), payload);
