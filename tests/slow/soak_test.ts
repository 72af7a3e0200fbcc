/** A long run of tiny steps: memory stays flat, and so do files. SOAK_STEPS says how long. */
import "../../src/cli/no_async_context.ts";
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { Effect } from "effect";
import { inFolder, trainTiny } from "../support/tiny_run.ts";

const STEPS = Number(Deno.env.get("SOAK_STEPS") ?? 2000);
/** Points at which memory and files are measured. */
const POINTS = 10;
/** Bytes by which memory may grow from the first points to the last; what the system counts for a process swings. */
const MOST_GROWTH = { heap: 3e6, rss: 40e6 };

interface Measured {
  readonly step: number;
  readonly heap: number;
  readonly rss: number;
  readonly files: ReadonlyArray<string>;
}

async function measure(folder: string, step: number): Promise<Measured> {
  // Without a collection, the heap says more of the collector's mood than of what is kept.
  const { gc } = globalThis as { gc?: () => void };
  ok(gc !== undefined, "run it by ./igpo proofs, or with DENO_V8_FLAGS=--expose-gc");
  gc();
  const { heapUsed: heap, rss } = Deno.memoryUsage();
  const names = await Array.fromAsync(Deno.readDir(folder), ({ name }) => name);
  const checkpoints = await Array.fromAsync(
    Deno.readDir(`${folder}/checkpoints`),
    ({ name }) => name,
  ).catch(() => []);
  const open = await Array.fromAsync(Deno.readDir("/proc/self/fd"), ({ name }) => name)
    .catch(() => []);
  return { step, heap, rss, files: [...names, ...checkpoints, `${open.length} open`].sort() };
}

const mean = (numbers: ReadonlyArray<number>) =>
  numbers.reduce((sum, one) => sum + one, 0) / numbers.length;

Deno.test(`${STEPS} steps in a row keep no memory and leave no files`, () =>
  inFolder(async (folder) => {
    const points: Array<Measured> = [];
    // The last step makes more files than those before it.
    const every = Math.floor(STEPS / (POINTS + 1));
    const print = (text: string) =>
      Effect.promise(async () => {
        const step = Number(/^step +(\d+)\//.exec(text)?.[1] ?? 0);
        if (step > 0 && step % every === 0 && points.length < POINTS) {
          points.push(await measure(folder, step));
        }
      });
    const recipe = { steps: STEPS, evaluateEvery: 0, checkpointEvery: 0 };
    await Effect.runPromise(trainTiny({ folder, recipe, print }));

    const lines = points.map(({ step, heap, rss, files }) =>
      `step ${step}: heap ${(heap / 1e6).toFixed(1)} MB, process ${(rss / 1e6).toFixed(0)} MB, ` +
      `${files.length} files\n`
    );
    Deno.stdout.writeSync(new TextEncoder().encode(lines.join("")));
    strictEqual(points.length, POINTS);
    // The first point still warms up.
    const [, ...warm] = points;
    for (const  of of["heap", "rss"] as const) {
      const values = warm.map((point) => point[of]);
      const growth = mean(values.slice(-4)) - mean(values.slice(0, 4));
      ok(growth < MOST_GROWTH[of], `${of} grew by ${growth} bytes`);
    }
    for (const { files } of warm) deepStrictEqual(files, warm[0]!.files);
  }));
