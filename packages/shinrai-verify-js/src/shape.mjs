// Shapes that parsed JSON is held to. A shape is a function of (value, what) that raises a Fault or returns.

import { Fault, moment, refuseUnless } from "./encoding.mjs";

export const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);
export const isDigest = (value) => typeof value === "string" && /^[0-9a-f]{64}$/.test(value);

const where = (holds, kind) => (value, what) => refuseUnless(holds(value), "bad-value", { what, kind });

export const text = where((v) => typeof v === "string", "text");
export const integer = where((v) => Number.isSafeInteger(v), "integer");
export const natural = where((v) => Number.isSafeInteger(v) && v >= 0, "integer");
export const record = where(isObject, "object");
export const digest = where(isDigest, "SHA-256");
export const identifier = where((v) => typeof v === "string" && /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/.test(v), "identifier");
export const instant = (value, what) => void moment(value, what);

export const maybe = (shape) => (value, what) => (value === null || value === undefined ? undefined : shape(value, what));

export const list = (shape) => (value, what) => {
  refuseUnless(Array.isArray(value), "bad-value", { what, kind: "list" });
  for (const item of value) shape(item, what);
};

/** An object with these fields of these shapes; it may have others. */
export const fields = (shapes) => (value, what) => {
  record(value, what);
  for (const [name, shape] of Object.entries(shapes)) {
    try {
      shape(value[name], what);
    } catch (fault) {
      if (!(fault instanceof Fault) || fault.text !== "bad-value") throw fault;
      throw new Fault("bad-shape", { ...fault.fields, name });
    }
  }
};

export function held(value, shape, what) {
  shape(value, what);
  return value;
}
