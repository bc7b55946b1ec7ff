// RFC 3161 time stamps over the log's head, by certificates pinned by their SHA-256. No chain is built.

import { Fault, concat, equalBytes, hex } from "./encoding.mjs";
import { sha256Hex } from "./hash.mjs";
import { isGood } from "./keys.mjs";

const HASHES = {
  "608648016503040201": "SHA-256",
  "608648016503040202": "SHA-384",
  "608648016503040203": "SHA-512",
};
const ECDSA_HASHES = { "2a8648ce3d040302": "SHA-256", "2a8648ce3d040303": "SHA-384", "2a8648ce3d040304": "SHA-512" };
const CURVES = {
  "2a8648ce3d030107": { namedCurve: "P-256", width: 32 },
  "2b81040022": { namedCurve: "P-384", width: 48 },
  "2b81040023": { namedCurve: "P-521", width: 66 },
};
const [SIGNED_DATA, TST_INFO] = ["2a864886f70d010702", "2a864886f70d0109100104"];
const [CONTENT_TYPE, MESSAGE_DIGEST] = ["2a864886f70d010903", "2a864886f70d010904"];
const [RSA, EC, ED25519] = ["2a864886f70d010101", "2a8648ce3d0201", "2b6570"];
const [EXTENDED_USAGE, TIME_STAMPING] = ["551d25", "2b06010505070308"];
const [SEQUENCE, OBJECT_ID, UTC_TIME] = [0x30, 6, 23];

const bad = () => new Fault("bad-stamp");

/** A DER element at a place: definite, minimal lengths within what is there. */
function der(data, start = 0) {
  const first = data[start + 1];
  if (first === undefined || first === 0x80) throw bad();
  const extra = first > 0x80 ? first - 0x80 : 0;
  if (extra > 4) throw bad();
  const from = start + 2 + extra;
  const length = extra ? data.subarray(start + 2, from).reduce((sum, byte) => sum * 256 + byte, 0) : first;
  if (from + length > data.length || (extra && (length < 0x80 || data[start + 2] === 0))) throw bad();
  return { tag: data[start], value: data.subarray(from, from + length), raw: data.subarray(start, from + length) };
}

function parts({ value }) {
  const found = [];
  for (let at = 0; at < value.length; at += found.at(-1).raw.length) found.push(der(value, at));
  return found;
}

const oid = ({ value }) => hex(value);

function derTime({ tag, value }) {
  const text = String.fromCharCode(...value);
  const years = tag === UTC_TIME ? 2 : 4;
  const found = new RegExp(`^([0-9]{${years}})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})(\\.[0-9]+)?Z$`).exec(text);
  if (!found) throw bad();
  const [year, month, day, hour, minute, second] = found.slice(1, 7).map(Number);
  const full = years === 4 ? year : year + (year < 50 ? 2000 : 1900);
  const date = new Date(Date.UTC(full, month - 1, day, hour, minute, second));
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day || hour > 23 || minute > 59 || second > 59) throw bad();
  return date.getTime();
}

/** What a certificate says that matters here. */
function certificate(node) {
  const [body] = parts(node);
  const all = parts(body);
  const [serial, , issuer, validity, , key] = all[0].tag === 0xa0 ? all.slice(1) : all;
  const [from, until] = parts(validity).map(derTime);
  const wrapped = all.find((part) => part.tag === 0xa3);
  const extensions = wrapped ? parts(parts(wrapped)[0]) : [];
  const usage = extensions.map(parts).find(([id]) => oid(id) === EXTENDED_USAGE);
  const uses = usage ? parts(der(usage.at(-1).value)).map(oid) : [];
  return { raw: node.raw, serial: serial.value, issuer: issuer.raw, from, until, key, uses };
}

function rawEcdsa(signature, width) {
  const padded = ({ value }) => {
    const number = value[0] === 0 ? value.subarray(1) : value;
    if (number.length > width) throw bad();
    return concat(new Uint8Array(width - number.length), number);
  };
  const [r, s, ...more] = parts(der(signature));
  if (more.length) throw bad();
  return concat(padded(r), padded(s));
}

async function keySigned(spki, signature, data, hash, scheme) {
  const [algorithm, bits] = parts(spki);
  const [kind, parameters] = parts(algorithm);
  const { subtle } = crypto;
  if (oid(kind) === RSA) {
    const how = { name: "RSASSA-PKCS1-v1_5", hash };
    return subtle.verify(how, await subtle.importKey("spki", spki.raw, how, false, ["verify"]), signature, data);
  }
  if (oid(kind) === EC) {
    const { namedCurve, width } = CURVES[oid(parameters)];
    const key = await subtle.importKey("spki", spki.raw, { name: "ECDSA", namedCurve }, false, ["verify"]);
    const how = { name: "ECDSA", hash: ECDSA_HASHES[scheme] ?? hash };
    return subtle.verify(how, key, rawEcdsa(signature, width), data);
  }
  if (oid(kind) === ED25519) return isGood(bits.value.subarray(1), signature, data);
  return false;
}

const digestBy = async (name, data) => new Uint8Array(await crypto.subtle.digest(name, data));

async function readStamp(token, data, pinned) {
  const top = der(token);
  if (top.raw.length !== token.length) throw bad();
  const status = parts(top);
  const content = status[0].tag === OBJECT_ID ? top : status[1];
  const [kind, wrapped] = parts(content);
  const [, , inner, ...rest] = parts(parts(wrapped)[0]);
  const [innerKind, held] = parts(inner);
  if (oid(kind) !== SIGNED_DATA || oid(innerKind) !== TST_INFO) throw bad();
  const info = parts(held)[0].value;
  const [, , imprint, , when] = parts(der(info));
  const [algorithm, digest] = parts(imprint);
  if (!equalBytes(await digestBy(HASHES[oid(parts(algorithm)[0])], data), digest.value)) throw new Fault("other-stamp");
  const certificates = parts(rest.find((part) => part.tag === 0xa0));
  const signers = parts(rest.at(-1));
  if (signers.length !== 1) throw bad();
  const [, issuerAndSerial, digestKind, attributes, scheme, signature] = parts(signers[0]);
  const [issuer, serial] = parts(issuerAndSerial);
  const named = certificates
    .filter((node) => node.tag === SEQUENCE && pinned.has(sha256Hex(node.raw)))
    .map(certificate)
    .find((found) => equalBytes(found.issuer, issuer.raw) && equalBytes(found.serial, serial.value));
  if (!named) return null;
  const said = new Map(parts(attributes).map((part) => [oid(parts(part)[0]), parts(parts(part)[1])[0].value]));
  const hash = HASHES[oid(parts(digestKind)[0])];
  if (!equalBytes(said.get(MESSAGE_DIGEST), await digestBy(hash, info))) throw bad();
  if (hex(said.get(CONTENT_TYPE)) !== TST_INFO) throw bad();
  // The attributes are signed as the SET that they are, not as the implicit field that carries them.
  const signed = concat(Uint8Array.of(0x31), attributes.raw.subarray(1));
  if (!(await keySigned(named.key, signature.value, signed, hash, oid(parts(scheme)[0])))) throw bad();
  const time = derTime(when);
  const valid = named.from <= time && time <= named.until && named.uses.length === 1 && named.uses[0] === TIME_STAMPING;
  if (!valid) throw new Fault("unfit-stamp");
  return { certificate: sha256Hex(named.raw), time };
}

/** The pinned certificate and time of a token over data; null if another one signed; a Fault if it is not good. */
export async function stampOf(token, data, pinned, what) {
  try {
    return await readStamp(token, data, pinned);
  } catch (error) {
    // Whatever hostile bytes make of this reader or of the engine's keys, the token is not good.
    throw new Fault(error instanceof Fault ? error.text : "bad-stamp", { what });
  }
}

