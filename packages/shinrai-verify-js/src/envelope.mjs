// DSSE envelopes in the one form, the in-toto statements inside, and the log's leaves.

import { canonicalJson, equalBytes, refuseUnless, strictJson, toBase64, unbase64 } from "./encoding.mjs";
import { leafHash, sha256Hex } from "./hash.mjs";
import { pae } from "./keys.mjs";
import { digest, fields, list, record, text } from "./shape.mjs";

const PAYLOAD_TYPE = "application/vnd.in-toto+json";
const ENVELOPE = fields({ payload: text, payloadType: text, signatures: list(fields({ keyid: digest, sig: text })) });
const STATEMENT = fields({ _type: text, subject: list(fields({ name: text, digest: fields({ sha256: digest }) })) });
const PREDICATE = fields({ predicateType: text, predicate: record });

/** {payload, payloadDigest, pae, signatures: [{keyid, sig, bytes}]} of an envelope's bytes. */
export function parseEnvelope(data, what) {
  const found = strictJson(data, what);
  ENVELOPE(found, what);
  refuseUnless(found.payloadType === PAYLOAD_TYPE, "bad-payload-type", { what });
  const count = found.signatures.length;
  refuseUnless(count >= 1 && count <= 1024, "bad-signature-count", { what, n: count });
  const payload = unbase64(found.payload, what);
  const signatures = found.signatures.map(({ keyid, sig }) => ({ keyid, sig, bytes: unbase64(sig, what) }));
  const written = canonicalJson({
    payload: toBase64(payload),
    payloadType: PAYLOAD_TYPE,
    signatures: signatures.map(({ keyid, bytes }) => ({ keyid, sig: toBase64(bytes) })),
  });
  const ascending = signatures.every(({ keyid }, at) => at === 0 || signatures[at - 1].keyid < keyid);
  refuseUnless(ascending && equalBytes(written, data), "not-our-form", { what });
  return { payload, payloadDigest: sha256Hex(payload), pae: pae(payload), signatures };
}

/** {name, subject, type, about} of a payload: who or what it is about, and what it says. */
export function parseStatement(payload, what) {
  const found = strictJson(payload, what);
  STATEMENT(found, what);
  PREDICATE(found, what);
  refuseUnless(found._type === "https://in-toto.io/Statement/v1", "not-a-statement", { what });
  refuseUnless(found.subject.length === 1, "subjects", { what });
  const [subject] = found.subject;
  return { name: subject.name, subject: subject.digest.sha256, type: found.predicateType, about: found.predicate };
}

export function leafOf({ keyid, sig }, envelope, statement) {
  const { subject, type } = statement;
  const about = { keyid, pae: sha256Hex(envelope.pae), payload: envelope.payloadDigest, sig, subject, type, v: 1 };
  return leafHash(canonicalJson(about));
}
