// SHA-256 (FIPS 180-4) and CRC-32 piece by piece: WebCrypto's digest wants a whole file in memory, a bundle may be larger.

import { hex } from "./encoding.mjs";

function primes(count) {
  const found = [];
  for (let n = 2; found.length < count; n += 1) if (found.every((p) => n % p)) found.push(n);
  return found;
}

/** The first 32 bits of the fraction of a prime's root, by integer search: no floating point decides a constant. */
function fractionBits(prime, power) {
  const target = BigInt(prime) << BigInt(32 * power);
  let [low, high] = [0n, 1n << 40n];
  while (low + 1n < high) {
    const middle = (low + high) >> 1n;
    if (middle ** BigInt(power) <= target) low = middle;
    else high = middle;
  }
  return Number(low & 0xffffffffn) | 0;
}

const ROUND = Int32Array.from(primes(64), (p) => fractionBits(p, 3));
const START = Int32Array.from(primes(8), (p) => fractionBits(p, 2));

export class Sha256 {
  #state = Int32Array.from(START);
  #rest = new Uint8Array(64);
  #held = 0;
  #size = 0;
  #words = new Int32Array(64);

  update(bytes) {
    this.#size += bytes.length;
    let at = 0;
    if (this.#held) {
      at = Math.min(64 - this.#held, bytes.length);
      this.#rest.set(bytes.subarray(0, at), this.#held);
      this.#held += at;
      if (this.#held < 64) return this;
      this.#block(this.#rest, 0);
      this.#held = 0;
    }
    for (; at + 64 <= bytes.length; at += 64) this.#block(bytes, at);
    this.#rest.set(bytes.subarray(at));
    this.#held = bytes.length - at;
    return this;
  }

  #block(bytes, at) {
    const w = this.#words;
    for (let t = 0; t < 16; t += 1, at += 4) {
      w[t] = (bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3];
    }
    for (let t = 16; t < 64; t += 1) {
      const [x, y] = [w[t - 15], w[t - 2]];
      const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
      const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
      w[t] = (w[t - 16] + s0 + w[t - 7] + s1) | 0;
    }
    const state = this.#state;
    let [a, b, c, d, e, f, g, h] = state;
    for (let t = 0; t < 64; t += 1) {
      const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
      const one = (h + s1 + ((e & f) ^ (~e & g)) + ROUND[t] + w[t]) | 0;
      const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
      const two = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      h = g;
      g = f;
      f = e;
      e = (d + one) | 0;
      d = c;
      c = b;
      b = a;
      a = (one + two) | 0;
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
    state[4] += e;
    state[5] += f;
    state[6] += g;
    state[7] += h;
  }

  digest() {
    const size = this.#size;
    const pad = new Uint8Array(((this.#held < 56 ? 56 : 120) - this.#held) + 8);
    pad[0] = 0x80;
    new DataView(pad.buffer).setBigUint64(pad.length - 8, BigInt(size) * 8n);
    this.update(pad);
    const out = new Uint8Array(32);
    const view = new DataView(out.buffer);
    this.#state.forEach((word, at) => view.setInt32(4 * at, word));
    return out;
  }
}

export const sha256 = (...parts) => parts.reduce((state, part) => state.update(part), new Sha256()).digest();
export const sha256Hex = (...parts) => hex(sha256(...parts));

const CRC = Int32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let bit = 0; bit < 8; bit += 1) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1;
  return c;
});

export function crc32(bytes, before = 0) {
  let crc = ~before;
  for (let at = 0; at < bytes.length; at += 1) crc = CRC[(crc ^ bytes[at]) & 0xff] ^ (crc >>> 8);
  return ~crc >>> 0;
}

const LEAF_MARK = Uint8Array.of(0);
const NODE_MARK = Uint8Array.of(1);

export const leafHash = (leaf) => sha256(LEAF_MARK, leaf);
export const nodeHash = (left, right) => sha256(NODE_MARK, left, right);

/** The root of a tree over leaf hashes (RFC 9162, 2.1.1). */
export function treeRoot(leaves) {
  if (leaves.length === 0) return sha256(new Uint8Array(0));
  // Level by level; a lone node at the right edge moves up as it is, which gives the same tree.
  let level = leaves;
  while (level.length > 1) {
    const above = [];
    for (let at = 0; at + 1 < level.length; at += 2) above.push(nodeHash(level[at], level[at + 1]));
    if (level.length % 2) above.push(level[level.length - 1]);
    level = above;
  }
  return level[0];
}

/** Whether a proof shows the leaf at an index of a tree (RFC 9162, 2.1.3.2). index, size: BigInt. */
export function includes(root, size, index, leaf, proof) {
  if (index >= size || root.length !== 32) return false;
  let [fn, sn, node] = [index, size - 1n, leaf];
  for (const part of proof) {
    if (sn === 0n) return false;
    if (fn & 1n || fn === sn) {
      node = nodeHash(part, node);
      while (!(fn & 1n) && fn !== 0n) {
        fn >>= 1n;
        sn >>= 1n;
      }
    } else {
      node = nodeHash(node, part);
    }
    fn >>= 1n;
    sn >>= 1n;
  }
  return sn === 0n && hex(node) === hex(root);
}

/** Whether a proof shows that a tree continues an earlier one (RFC 9162, 2.1.4.2). Sizes: BigInt. */
export function continues(oldSize, oldRoot, size, root, proof) {
  // That a tree continues the empty one is nothing to prove: no proof is about a size of 0.
  if (oldSize === 0n || oldSize > size) return false;
  if (oldSize === size) return proof.length === 0 && hex(oldRoot) === hex(root);
  const path = [...proof];
  if ((oldSize & (oldSize - 1n)) === 0n) path.unshift(oldRoot);
  if (!path.length) return false;
  let [fn, sn] = [oldSize - 1n, size - 1n];
  while (fn & 1n) {
    fn >>= 1n;
    sn >>= 1n;
  }
  let [before, after] = [path[0], path[0]];
  for (const part of path.slice(1)) {
    if (sn === 0n) return false;
    if (fn & 1n || fn === sn) {
      before = nodeHash(part, before);
      after = nodeHash(part, after);
      while (!(fn & 1n) && fn !== 0n) {
        fn >>= 1n;
        sn >>= 1n;
      }
    } else {
      after = nodeHash(after, part);
    }
    fn >>= 1n;
    sn >>= 1n;
  }
  return sn === 0n && hex(before) === hex(oldRoot) && hex(after) === hex(root);
}

