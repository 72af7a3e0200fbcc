// deno-lint-ignore-file no-console
/**
 * What a run pays for keeping its episodes, and for a live view of it: the milliseconds that a training run of the
 * built-in world spends in recording them, and those in which a server answers all that the page asks after a step,
 * both beside the milliseconds of a step. Differences of whole runs drown in the noise of a shared machine.
 *
 * Usage: `deno task bench:live [STEPS]`
 *
 * @module
 */

import { Effect, Tracer } from "effect";
import { NO_FLAGS } from "../src/domain/flags.ts";
import { median } from "./measure.ts";
import { train } from "../src/programs/train.ts";
import { configure } from "../src/run/configure.ts";
import { layerLearner } from "../src/run/layers.ts";
import { prepare } from "../src/run/prepare.ts";
import { findRuns } from "../src/view/read_run.ts";
import { serveRuns } from "../src/view/server.ts";

const [STEPS = 8] = Deno.args.map(Number);
const ROUNDS = 10;

/** Milliseconds of each span of a name, as they end. */
class Spans {
  readonly kept: Array<number> = [];
  readonly #name: string;

  constructor(name: string) {
    this.#name = name;
  }

  readonly tracer = Tracer.make({
    span: (options) => {
      const span = new Tracer.NativeSpan(options);
      if (options.name !== this.#name) return span;
      const end = span.end.bind(span);
      span.end = (time, exit) => {
        this.kept.push(Number(time - options.startTime) / 1e6);
        end(time, exit);
      };
      return span;
    },
  });
}

/** Trains in a folder and answers with the milliseconds of the median step. */
const trainIn = Effect.fnUntraced(function* (folder: string) {
  const recipe = `${folder}/recipe.json`;
  const fields = { steps: STEPS, evaluateEvery: 0, testQuestions: 1, validationQuestions: 0 };
  yield* Effect.promise(() => Deno.writeTextFile(recipe, JSON.stringify(fields)));
  const plan = yield* configure("train", { ...NO_FLAGS, recipe, out: `${folder}/run` });
  const prepared = yield* prepare(plan, { embeddedModel: "checkpoints/spoiled", purpose: "train" });
  yield* train({ ...prepared, startedMillis: Date.now() }).pipe(
    Effect.provide(layerLearner(prepared, [plan.preset])),
  );
  const lines = yield* Effect.promise(() => Deno.readTextFile(`${folder}/run/metrics.jsonl`));
  const steps = lines.trimEnd().split("\n").map((line) => JSON.parse(line))
    .filter(({ type }) => type === "step");
  const parts = steps.map((step) => step.rolloutSeconds + step.scoreSeconds + step.updateSeconds);
  return 1000 * median(parts);
}, Effect.scoped);

/** Milliseconds in which all that the page asks after a step is answered and read. */
const askAfterStep = Effect.fnUntraced(function* (run: string) {
  const runs = yield* findRuns([run]);
  const address = yield* serveRuns({ runs, isLive: true }, 0);
  const ask = async () => {
    const start = performance.now();
    for (const path of ["runs.json", "step.json", "texts.json"]) {
      const response = await fetch(`${address}/data/${path}?run=0&step=${STEPS}`);
      if (!response.ok) throw new Error(await response.text());
      await response.bytes();
    }
    return performance.now() - start;
  };
  const times: Array<number> = [];
  for (let round = 0; round < ROUNDS; round++) times.push(yield* Effect.promise(ask));
  return median(times);
}, Effect.scoped);

const folder = await Deno.makeTempDir();
try {
  const spans = new Spans("recordEpisodes");
  const step = await Effect.runPromise(Effect.withTracer(trainIn(folder), spans.tracer));
  const kept = median(spans.kept);
  const asked = await Effect.runPromise(askAfterStep(`${folder}/run`));
  const share = (millis: number) =>
    `${millis.toFixed(1)} ms, ${(100 * millis / step).toFixed(2)} % of a step`;
  console.log(`A step of ${spans.kept.length}: ${step.toFixed(0)} ms`);
  console.log(`Keeping its episodes: ${share(kept)}`);
  console.log(`Answering a live page after it, in another process: ${share(asked)}`);
} finally {
  await Deno.remove(folder, { recursive: true });
}
Deno.exit(0);
