/** `node:assert/strict` for a page. */
import { assert } from "chai";

export const {
  deepStrictEqual,
  doesNotThrow,
  match,
  notDeepEqual,
  ok,
  strictEqual,
  throws,
} = assert;
export const notDeepStrictEqual = notDeepEqual;
export const deepEqual = deepStrictEqual;
export const equal = strictEqual;
const strict = { ...assert, deepEqual, equal };
export { strict as default };
