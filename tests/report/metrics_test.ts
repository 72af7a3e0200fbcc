import { deepStrictEqual } from "node:assert/strict";
import { Effect } from "effect";
import { METRICS_FILE, openMetrics, rewindMetrics } from "../../src/report/metrics.ts";
import { evaluation, step } from "./fixtures.ts";

async function stepsIn(folder: string): Promise<Array<number>> {
  const text = await Deno.readTextFile(`${folder}/${METRICS_FILE}`);
  return text.trimEnd().split("\n").map((line) => (JSON.parse(line) as { step: number }).step);
}

Deno.test("rewindMetrics() keeps the lines up to a step, also after a crash cut the last one", async () => {
  const folder = await Deno.makeTempDir();
  await Effect.runPromise(Effect.scoped(Effect.gen(function* () {
    const { append } = yield* openMetrics(folder);
    yield* append({ type: "evaluation", split: "test", ...evaluation(0.2), step: 0 });
    for (const number of [1, 2, 3]) yield* append({ type: "step", ...step, step: number });
  })));
  await Deno.writeTextFile(`${folder}/${METRICS_FILE}`, '{"type":"st', { append: true });
  await Effect.runPromise(rewindMetrics(folder, 2));
  deepStrictEqual(await stepsIn(folder), [0, 1, 2]);
  await Deno.remove(folder, { recursive: true });
});
