/** A sample of the kill matrix; tests/slow/kill_matrix_test.ts has all of it. */
import { deepStrictEqual, match, ok } from "node:assert/strict";
import { broken, SHORT, SHORT_STALE, unbroken } from "./support/kill_matrix.ts";

/** Runs, and how many of their changes are passed over for each that is tried. */
const RUNS = [["a run", { recipe: SHORT }, 43], ["a stale run", SHORT_STALE, 61]] as const;

for (const [name, run, every] of RUNS) {
  const { contents, changes } = await unbroken(run);

  const sample = (first: number) =>
    Array.from(
      { length: Math.ceil((changes.length - first) / every) },
      (_, i) => first + every * i,
    );

  for (
    const [i, how] of (["before", "torn", "after", "power", "blank", "signal"] as const).entries()
  ) {
    Deno.test(`${name} that ends by "${how}" at some change of the disk goes on to the same folder`, async () => {
      for (const at of sample(9 * i)) {
        const { left } = await broken([{ at, how }], contents, run);
        deepStrictEqual(left, [], `change ${at}, ${changes[at]!.name}`);
      }
    });
  }

  Deno.test(`${name} that ends before a file gets its name leaves nothing of it`, async () => {
    const renames = [...changes.keys()].filter((at) => changes[at]!.name === "rename");
    for (const at of renames) {
      const { left } = await broken([{ at, how: "before" }], contents, run);
      deepStrictEqual(left, [], `change ${at}`);
    }
  });

  for (const how of ["full", "readonly"] as const) {
    Deno.test(`${name} on a disk that becomes ${how} ends with a sentence and goes on later`, async () => {
      for (const at of sample(30)) {
        const { ends: [end], left } = await broken([{ at, how }], contents, run);
        deepStrictEqual(left, [], `change ${at}, ${changes[at]!.name}`);
        if (end!.how === "Done") continue;
        match(
          end!.message,
          /^BadInput: Cannot [^\n]*: (No space left on device|permission is denied)/,
        );
      }
    });
  }
}

Deno.test("the checkpoints of a stale run hold the weights before their step, those of another run do not", async () => {
  const { contents } = await unbroken(SHORT_STALE);
  const held = (step: number, file: string) => contents[`checkpoints/step-${step}/${file}`];
  ok(held(2, "behaviour.safetensors") !== undefined);
  deepStrictEqual(JSON.parse(held(3, "state.json")!).behaviourUpdates, 2);
  const plain = await unbroken({ recipe: SHORT });
  deepStrictEqual(
    Object.keys(plain.contents).filter((path) => path.includes("behaviour")),
    [],
  );
});
