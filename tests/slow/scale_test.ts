/**
 * The simulator beside the real thing: a run with 0 to 4 worker processes whose groups spend nearly all of their time
 * waiting for a search, so that they need no core of their own. What each group took of the trainer alone goes into the
 * simulator, which says what they take of trainer and workers. Prints the table of docs/scale.md.
 */
import { deepStrictEqual, ok } from "node:assert/strict";
import { simulate, type World } from "../../bench/simulate.ts";
import { MEASURED } from "../../bench/scale_tables.ts";
import {
  groupsOf,
  MODEL,
  openRuns,
  type Runs,
  slowSearch,
  stepsOf,
  type Timings,
} from "../support/searching_runs.ts";
import { inFolder } from "../support/tiny_run.ts";

const WORKERS = [1, 2, 3, 4];
/** Of what is predicted: the time from the first offer to the last answer. The update, which no worker changes, is left out. */
const TOLERANCE = 0.15;
const RECIPE = { steps: 2, promptsPerStep: 12 };

/** Trains with so many workers; answers with the run's folder. */
async function trainWith(workers: number, folder: string, runs: Runs): Promise<string> {
  const queue = ["--queue", `sqlite:${folder}/queue-${workers}.sqlite`];
  const helpers = Array.from({ length: workers }, () => runs.worker(null, ...queue));
  const out = `${folder}/run-${workers}`;
  const { success } = await runs.trainer(out, ...queue).status;
  for (const helper of helpers) {
    helper.kill("SIGTERM");
    await helper.status;
  }
  ok(success);
  return out;
}

const groupsSeconds = ({ rolloutSeconds, scoreSeconds }: Timings) => rolloutSeconds + scoreSeconds;

const say = (...cells: ReadonlyArray<string | number>) =>
  Deno.stdout.writeSync(new TextEncoder().encode(`| ${cells.join(" | ")} |\n`));

const mean = (values: ReadonlyArray<number>) =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

const SEEDS = 20;

/** Seconds of the groups of a step, the mean over the pauses that seeds draw. */
const predicted = (world: World) =>
  mean(
    Array.from({ length: SEEDS }, (_, seed) => simulate(world, seed).steps).flat()
      .map(({ publishSeconds, groupsSeconds }) => publishSeconds + groupsSeconds),
  );

Deno.test("the simulator says what the groups of a step take with up to 4 workers", () =>
  inFolder(async (folder) => {
    await using search = slowSearch();
    const runs = await openRuns(folder, search.url, RECIPE);
    const groupsIn = async (out: string) =>
      await Promise.all((await stepsOf(out)).map((step) => groupsOf(out, step)));
    const alone = await trainWith(0, folder, runs);
    const world: World = {
      workers: 0,
      steps: await groupsIn(alone),
      updateSeconds: 0,
      weightsBytes: (await Deno.stat(`${MODEL}/model.safetensors`)).size,
      groupBytes: 50_000,
      link: { bytesPerSecond: 1e9, latencySeconds: 0 },
      ...MEASURED,
      failuresPerHour: 0,
    };
    deepStrictEqual(world.steps.map(({ length }) => length), [RECIPE.promptsPerStep]);
    const wrong: string[] = [];
    say("workers", "groups, s", "simulated, s", "from its own groups, s", "rest of the step, s");
    say("---", "---", "---", "---", "---");
    for (const workers of [0, ...WORKERS]) {
      const out = workers === 0 ? alone : await trainWith(workers, folder, runs);
      const steps = await stepsOf(out);
      const found = mean(steps.map(groupsSeconds));
      const wanted = predicted({ ...world, workers });
      const own = predicted({ ...world, workers, steps: await groupsIn(out) });
      const rest = mean(steps.map((step) => step.seconds - groupsSeconds(step)));
      say(workers, ...[found, wanted, own, rest].map((seconds) => seconds.toFixed(1)));
      if (Math.abs(found / wanted - 1) > TOLERANCE) wrong.push(`${workers}: ${found} ${wanted}`);
    }
    deepStrictEqual(wrong, []);
  }));
