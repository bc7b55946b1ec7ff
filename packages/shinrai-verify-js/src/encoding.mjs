// Strict readings of bytes: UTF-8, JSON, base64, numbers, times. What two readers could read in two ways is a Fault.

export const MAX_JSON_BYTES = 64 * 1024 * 1024;
const MAX_JSON_DEPTH = 32;

/** What keeps a bundle from being verified: the id of a text (see texts.mjs) and what its fields stand for. */
export class Fault extends Error {
  constructor(text, fields = {}) {
    super(text);
    this.text = text;
    this.fields = fields;
  }
}

export function refuseUnless(holds, text, fields) {
  if (!holds) throw new Fault(text, fields);
}

export const ascii = (text) => Uint8Array.from(text, (c) => c.charCodeAt(0));
export const utf8 = (text) => new TextEncoder().encode(text);
export const hex = (bytes) => Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
export const unhex = (text) => Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));

export function concat(...parts) {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export function equalBytes(a, b) {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}

/** Bytes to text; invalid UTF-8 is refused and a byte order mark stays a character. */
export function fromUtf8(bytes, what) {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Fault("not-utf8", { what });
  }
}

/** Order by code point, which is the order of the UTF-8 bytes; JavaScript's own is by UTF-16 unit. */
export function byCodePoint(a, b) {
  for (let at = 0; at < a.length && at < b.length; at += 1) {
    if (a.charCodeAt(at) !== b.charCodeAt(at)) {
      const [x, y] = [a.charCodeAt(at), b.charCodeAt(at)];
      const high = (unit) => (unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit);
      return high(x) - high(y);
    }
  }
  return a.length - b.length;
}

export const sorted = (texts) => [...texts].sort(byCodePoint);

function refuseDepth(bytes, what) {
  let depth = 0;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at];
    if (byte === 0x22) {
      at += 1;
      while (at < bytes.length && bytes[at] !== 0x22) at += bytes[at] === 0x5c ? 2 : 1;
    } else if (byte === 0x5b || byte === 0x7b) {
      depth += 1;
      refuseUnless(depth <= MAX_JSON_DEPTH, "too-deep", { what, limit: MAX_JSON_DEPTH });
    } else if (byte === 0x5d || byte === 0x7d) {
      depth -= 1;
    }
  }
}

const NUMBER = /-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?/y;
const PLAIN = /[^"\\\u0000-\u001f]*/y;
const ESCAPES = { '"': '"', "\\": "\\", "/": "/", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" };

class Reader {
  constructor(text, what, floats) {
    Object.assign(this, { text, what, floats, at: 0 });
  }

  bad() {
    return new Fault("not-json", { what: this.what });
  }

  space() {
    while (" \t\n\r".includes(this.text[this.at] ?? "x")) this.at += 1;
    return this.text[this.at];
  }

  value() {
    const next = this.space();
    if (next === "{") return this.object();
    if (next === "[") return this.array();
    if (next === '"') return this.string();
    for (const [word, value] of [["true", true], ["false", false], ["null", null]]) {
      if (this.text.startsWith(word, this.at)) {
        this.at += word.length;
        return value;
      }
    }
    return this.number();
  }

  number() {
    NUMBER.lastIndex = this.at;
    const found = NUMBER.exec(this.text);
    if (!found) throw this.bad();
    this.at = NUMBER.lastIndex;
    const [literal, fraction, exponent] = found;
    const value = Number(literal);
    const whole = fraction === undefined && exponent === undefined;
    const allowed = whole ? literal.length <= 17 && Number.isSafeInteger(value) : this.floats && Number.isFinite(value);
    refuseUnless(allowed, "bad-number", { what: this.what, literal: literal.slice(0, 40) });
    return value === 0 ? 0 : value;
  }

  string() {
    this.at += 1;
    const parts = [];
    for (;;) {
      PLAIN.lastIndex = this.at;
      parts.push(PLAIN.exec(this.text)[0]);
      this.at = PLAIN.lastIndex;
      const mark = this.text[this.at];
      this.at += 1;
      if (mark === '"') break;
      if (mark !== "\\") throw this.bad();
      const kind = this.text[this.at];
      this.at += 1;
      if (kind === "u") {
        const digits = this.text.slice(this.at, this.at + 4);
        if (!/^[0-9a-fA-F]{4}$/.test(digits)) throw this.bad();
        parts.push(String.fromCharCode(parseInt(digits, 16)));
        this.at += 4;
      } else if (kind !== undefined && Object.hasOwn(ESCAPES, kind)) {
        parts.push(ESCAPES[kind]);
      } else {
        throw this.bad();
      }
    }
    const text = parts.join("");
    refuseUnless(text.isWellFormed ? text.isWellFormed() : !/\p{Surrogate}/u.test(text), "half-character", { what: this.what });
    return text;
  }

  array() {
    const items = [];
    this.at += 1;
    if (this.space() === "]") {
      this.at += 1;
      return items;
    }
    for (;;) {
      items.push(this.value());
      const next = this.space();
      this.at += 1;
      if (next === "]") return items;
      if (next !== ",") throw this.bad();
    }
  }

  object() {
    const record = Object.create(null);
    this.at += 1;
    if (this.space() === "}") {
      this.at += 1;
      return record;
    }
    for (;;) {
      if (this.space() !== '"') throw this.bad();
      const key = this.string();
      refuseUnless(!(key in record), "repeated-key", { what: this.what });
      if (this.space() !== ":") throw this.bad();
      this.at += 1;
      record[key] = this.value();
      const next = this.space();
      this.at += 1;
      if (next === "}") return record;
      if (next !== ",") throw this.bad();
    }
  }
}

/** Parse JSON that means one thing only. Objects have no prototype, so that no key is special. */
export function strictJson(bytes, what, { floats = false, limit = MAX_JSON_BYTES } = {}) {
  refuseUnless(bytes.length <= limit, "too-large", { what, limit });
  refuseDepth(bytes, what);
  const reader = new Reader(fromUtf8(bytes, what), what, floats);
  const value = reader.value();
  if (reader.space() !== undefined) throw reader.bad();
  return value;
}

const SHORT = { '"': '\\"', "\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t" };

function quoted(text) {
  const escape = (c) => SHORT[c] ?? `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return `"${text.replace(/["\\\u0000-\u001f]/g, escape)}"`;
}

function written(value) {
  if (typeof value === "string") return quoted(value);
  if (Array.isArray(value)) return `[${value.map(written).join(",")}]`;
  if (value !== null && typeof value === "object") {
    return `{${sorted(Object.keys(value)).map((key) => `${quoted(key)}:${written(value[key])}`).join(",")}}`;
  }
  return String(value);
}

/** The bytes of a value in the one form: RFC 8785 for what has no fractions. */
export const canonicalJson = (value) => utf8(written(value));

export const isCanonical = (value, bytes) => equalBytes(canonicalJson(value), bytes);

/** Whether two parsed values are the same: order of keys is nothing, the kind of a value is something. */
export function same(a, b) {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const [mine, its] = [Object.keys(a), Object.keys(b)];
  return mine.length === its.length && mine.every((key) => key in b && same(a[key], b[key]));
}

const STANDARD = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const VALUES_OF = new Map([...STANDARD].map((c, value) => [c.charCodeAt(0), value]));

export function toBase64(bytes) {
  let text = "";
  for (let at = 0; at < bytes.length; at += 3) {
    const [a, b, c] = [bytes[at], bytes[at + 1], bytes[at + 2]];
    text += STANDARD[a >> 2] + STANDARD[((a & 3) << 4) | ((b ?? 0) >> 4)];
    text += b === undefined ? "=" : STANDARD[((b & 15) << 2) | ((c ?? 0) >> 6)];
    text += c === undefined ? "=" : STANDARD[c & 63];
  }
  return text;
}

/** Decode base64 with padding. Only what encodes back to the same text is taken. */
export function unbase64(text, what) {
  const refuse = () => new Fault("not-base64", { what });
  if (typeof text !== "string" || text.length % 4) throw refuse();
  const pads = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  const out = new Uint8Array((text.length / 4) * 3 - pads);
  let [held, bits, to] = [0, 0, 0];
  for (let at = 0; at < text.length - pads; at += 1) {
    const value = VALUES_OF.get(text.charCodeAt(at));
    if (value === undefined) throw refuse();
    held = ((held << 6) | value) & 0xffffff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      out[to] = (held >> bits) & 0xff;
      to += 1;
    }
  }
  if (held & ((1 << bits) - 1)) throw refuse();
  return out;
}

/** A non-negative decimal as a machine writes it, as a BigInt: notes may count beyond 2^53. */
export function decimal(text, what) {
  refuseUnless(/^(0|[1-9][0-9]{0,18})$/.test(text), "bad-decimal", { what });
  return BigInt(text);
}

/** A time in the one form YYYY-MM-DDTHH:MM:SSZ, in milliseconds. */
export function moment(value, what) {
  const found = typeof value === "string" && /^([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})Z$/.exec(value);
  refuseUnless(found && found[1] !== "0000", "bad-time", { what });
  const date = new Date(0);
  const [year, month, day, hour, minute, second] = found.slice(1).map(Number);
  date.setUTCFullYear(year, month - 1, day);
  date.setUTCHours(hour, minute, second);
  refuseUnless(date.toISOString() === `${value.slice(0, -1)}.000Z`, "bad-time", { what });
  return date.getTime();
}
