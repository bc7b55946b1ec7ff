// A bundle's files. A source is {name, size, read(offset, length)}; an archive is one source, a folder one for each file.

import { Fault, ascii, byCodePoint, concat, equalBytes, hex, refuseUnless } from "./encoding.mjs";
import { Sha256, crc32 } from "./hash.mjs";

const NAMES =
  /^(manifest\.json|attestations\.intoto\.jsonl|VERIFY\.txt|log\/[a-z0-9./_-]{1,200}|trust\/root\.[0-9]{1,6}\.json|blobs\/sha256\/[0-9a-f]{64})$/;
const MAX_FILES = 65_534;
const MAX_BYTES = 2 ** 40;
const WIDE = 2 ** 31;
const PIECE = 1 << 20;

export function allowedName(name) {
  const fits = NAMES.test(name) && !["..", "//", "/./"].some((part) => name.includes(part));
  refuseUnless(fits, "bad-name", { name: name.slice(0, 120) });
  return name;
}

/** Little-endian numbers one after the other: [value, bytes]. */
function packed(...numbers) {
  const out = new Uint8Array(numbers.reduce((sum, [, width]) => sum + width, 0));
  let at = 0;
  for (const [value, width] of numbers) {
    let left = value;
    for (let byte = 0; byte < width; byte += 1, at += 1) {
      out[at] = left % 256;
      left = Math.floor(left / 256);
    }
  }
  return out;
}

const number = (bytes, at, width) => {
  let value = 0;
  for (let byte = width - 1; byte >= 0; byte -= 1) value = value * 256 + bytes[at + byte];
  return value;
};
const capped = (value) => (value >= WIDE ? 0xffffffff : value);
const extraOf = (...sizes) => (sizes.length ? packed([1, 2], [8 * sizes.length, 2], ...sizes.map((s) => [s, 8])) : packed());

export function localHeader({ name, size, crc }) {
  const extra = size >= WIDE ? extraOf(size, size) : extraOf();
  const head = packed([0x04034b50, 4], [extra.length ? 45 : 20, 2], [0, 2], [0, 2], [0, 2], [0x21, 2], [crc, 4]);
  return concat(head, packed([capped(size), 4], [capped(size), 4], [name.length, 2], [extra.length, 2]), ascii(name), extra);
}

function centralEntry({ name, size, crc, offset }) {
  const extra = extraOf(...(size >= WIDE ? [size, size] : []), ...(offset >= WIDE ? [offset] : []));
  const version = extra.length ? 45 : 20;
  return concat(
    packed([0x02014b50, 4], [0x0300 | version, 2], [version, 2], [0, 2], [0, 2], [0, 2], [0x21, 2], [crc, 4]),
    packed([capped(size), 4], [capped(size), 4], [name.length, 2], [extra.length, 2], [0, 2], [0, 2], [0, 2]),
    packed([0o100644 * 65536, 4], [capped(offset), 4]),
    ascii(name),
    extra,
  );
}

/** The central directory and what ends the archive; start: where the directory begins. */
export function directoryOf(entries, start) {
  const central = concat(...entries.map(centralEntry));
  return concat(central, endRecords(entries.length, central.length, start));
}

function endRecords(count, length, start) {
  const end = packed([0x06054b50, 4], [0, 2], [0, 2], [count, 2], [count, 2], [length, 4], [Math.min(start, 0xffffffff), 4], [0, 2]);
  if (start < WIDE) return end;
  const wide = packed([0x06064b50, 4], [44, 8], [45, 2], [45, 2], [0, 4], [0, 4], [count, 8], [count, 8], [length, 8], [start, 8]);
  return concat(wide, packed([0x07064b50, 4], [0, 4], [start + length, 8], [1, 4]), end);
}

async function digestOf(source, from, size, onPiece = () => {}) {
  const state = new Sha256();
  let crc = 0;
  for (let at = from; at < from + size; ) {
    const piece = await source.read(at, Math.min(PIECE, from + size - at));
    refuseUnless(piece.length > 0, "archive-form", { name: source.name });
    state.update(piece);
    crc = crc32(piece, crc);
    at += piece.length;
    onPiece(piece.length);
  }
  return { sha256: hex(state.digest()), crc };
}

async function readArchive(source, onPiece) {
  refuseUnless(source.size <= MAX_BYTES, "too-large", { what: source.name, limit: MAX_BYTES });
  const files = new Map();
  let [at, last] = [0, ""];
  for (;;) {
    const head = await source.read(at, 30);
    if (head.length < 30 || number(head, 0, 4) !== 0x04034b50) break;
    const [nameLength, extraLength] = [number(head, 26, 2), number(head, 28, 2)];
    const rest = await source.read(at + 30, nameLength + Math.min(extraLength, 20));
    const name = String.fromCharCode(...rest.subarray(0, Math.min(nameLength, 300)));
    const misplaced = () => new Fault("archive-form", { name: name.slice(0, 120) });
    if (nameLength > 300) throw misplaced();
    allowedName(name);
    const size = extraLength === 20 && rest.length === nameLength + 20 ? number(rest, nameLength + 4, 8) : number(head, 22, 4);
    const entry = { name, size, crc: number(head, 14, 4), offset: at };
    if (!(byCodePoint(name, last) > 0) || files.size >= MAX_FILES || size > MAX_BYTES) throw misplaced();
    const expected = localHeader(entry);
    if (!equalBytes(concat(head, rest), expected) || at + expected.length + size > source.size) throw misplaced();
    const start = at + expected.length;
    const found = await digestOf(source, start, size, onPiece);
    refuseUnless(found.crc === entry.crc, "checksum", { name });
    files.set(name, { ...entry, sha256: found.sha256, source, start });
    [at, last] = [start + size, name];
  }
  const expected = directoryOf([...files.values()], at);
  const tail = await source.read(at, expected.length + 1);
  refuseUnless(files.size > 0 && equalBytes(tail, expected), "archive-end");
  return files;
}

async function readFolder(sources, onPiece) {
  refuseUnless(sources.length <= MAX_FILES, "too-many", { limit: MAX_FILES });
  const files = new Map();
  for (const source of sources) {
    const name = allowedName(source.name);
    refuseUnless(source.regular !== false && !files.has(name), "bad-name", { name });
    refuseUnless(source.size <= MAX_BYTES, "too-large", { what: name, limit: MAX_BYTES });
    const { sha256 } = await digestOf(source, 0, source.size, onPiece);
    files.set(name, { name, size: source.size, sha256, source, start: 0 });
  }
  return files;
}

/** Files by name, each with size and digest, read once from end to end; contents are read again when they are asked for. */
export class Bundle {
  constructor(files) {
    this.files = files;
  }

  static async open(source, onPiece) {
    return new Bundle(await (Array.isArray(source) ? readFolder(source, onPiece) : readArchive(source, onPiece)));
  }

  has(name) {
    return this.files.has(name);
  }

  names(prefix = "") {
    return [...this.files.keys()].filter((name) => name.startsWith(prefix));
  }

  async read(name, limit = 64 * 1024 * 1024) {
    const parts = [];
    for await (const piece of this.#pieces(name, limit)) parts.push(piece);
    return concat(...parts);
  }

  async *#pieces(name, limit) {
    const file = this.files.get(name);
    refuseUnless(file, "no-file", { name });
    refuseUnless(file.size <= limit, "too-large", { what: name, limit });
    const state = new Sha256();
    for (let at = 0; at < file.size; ) {
      const piece = await file.source.read(file.start + at, Math.min(PIECE, file.size - at));
      refuseUnless(piece.length > 0, "changed");
      state.update(piece);
      at += piece.length;
      yield piece;
    }
    refuseUnless(hex(state.digest()) === file.sha256, "changed");
  }

  /** Lines without their newline; each must have one. */
  async *lines(name, limit) {
    let parts = [];
    let held = 0;
    for await (const piece of this.#pieces(name, MAX_BYTES)) {
      let from = 0;
      for (let to = piece.indexOf(10); to >= 0; to = piece.indexOf(10, from)) {
        const line = concat(...parts, piece.subarray(from, to));
        refuseUnless(line.length <= limit, "too-large", { what: name, limit });
        yield line;
        [parts, held, from] = [[], 0, to + 1];
      }
      parts.push(piece.slice(from));
      held += piece.length - from;
      refuseUnless(held <= limit, "too-large", { what: name, limit });
    }
    refuseUnless(held === 0, "cut-short", { what: name });
  }
}
