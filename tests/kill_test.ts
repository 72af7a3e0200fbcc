/** A sample of the kill matrix; tests/slow/kill_matrix_test.ts has all of it. */
import { deepStrictEqual, match } from "node:assert/strict";
import { broken, SHORT, unbroken } from "./support/kill_matrix.ts";

const { contents, changes } = await unbroken(SHORT);

/** Every so many changes are tried. */
const EVERY = 43;

const sample = (first: number) =>
  Array.from({ length: Math.ceil((changes.length - first) / EVERY) }, (_, i) => first + EVERY * i);

for (
  const [i, how] of (["before", "torn", "after", "power", "blank", "signal"] as const).entries()
) {
  Deno.test(`a run that ends by "${how}" at some change of the disk goes on to the same folder`, async () => {
    for (const at of sample(9 * i)) {
      const { left } = await broken([{ at, how }], contents, SHORT);
      deepStrictEqual(left, [], `change ${at}, ${changes[at]!.name}`);
    }
  });
}

for (const how of ["full", "readonly"] as const) {
  Deno.test(`a run on a disk that becomes ${how} ends with a sentence and goes on later`, async () => {
    for (const at of sample(30)) {
      const { ends: [end], left } = await broken([{ at, how }], contents, SHORT);
      deepStrictEqual(left, [], `change ${at}, ${changes[at]!.name}`);
      if (end!.how === "Done") continue;
      match(
        end!.message,
        /^BadInput: Cannot [^\n]*: (No space left on device|permission is denied)/,
      );
    }
  });
}
