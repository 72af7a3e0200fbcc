/**
 * The simulator beside the real thing: a run with 0 to 4 worker processes whose groups spend nearly all of their time
 * waiting for a search, so that they need no core of their own. What each group took of the trainer alone goes into the
 * simulator, which says what they take of trainer and workers. Prints the table of docs/scale.md.
 */
import { deepStrictEqual, ok } from "node:assert/strict";
import { type Group, simulate, type World } from "../../bench/simulate.ts";
import { MEASURED } from "../../bench/scale_tables.ts";
import { createRandom } from "../../src/math/random.ts";
import { hashString } from "../../src/math/threefry.ts";
import { SKILLED, slowSearch, startSlow, writeSlowTask } from "../support/slow_search.ts";
import { inFolder } from "../support/tiny_run.ts";

const WORKERS = [1, 2, 3, 4];
/** Of what is predicted: the time from the first offer to the last answer. The update, which no worker changes, is left out. */
const TOLERANCE = 0.15;
/** A search takes 3 s in the median; one in twenty takes more than 5 s. */
const SEARCH = { medianSeconds: 3, sigma: 0.35 };
const RECIPE = {
  steps: 2,
  promptsPerStep: 12,
  groupSize: 2,
  maxTurns: 4,
  toolConcurrency: 16,
  toolDeadlineSeconds: 60,
  searchTopK: 1,
  evaluateEvery: 0,
  checkpointEvery: 0,
  validationQuestions: 0,
  testQuestions: 1,
};

/** The same search takes the same time in every run. */
function searchSeconds(query: string): number {
  const { next } = createRandom([hashString(query), 0]);
  const normal = Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
  return SEARCH.medianSeconds * Math.exp(SEARCH.sigma * normal);
}

interface Timings {
  readonly type: string;
  readonly rolloutSeconds: number;
  readonly scoreSeconds: number;
  readonly seconds: number;
}

interface EpisodeTimings {
  readonly group: number;
  readonly seconds: { readonly generate: number; readonly tools: number };
}

/** The lines of a file, of a shape that this program wrote. */
async function linesOf<A>(file: string): Promise<ReadonlyArray<A>> {
  const text = await Deno.readTextFile(file);
  return text.trimEnd().split("\n").map((line): A => JSON.parse(line));
}

/** Trains with so many workers; answers with the timings of the steps after the first, in which workers come up. */
async function trainWith(
  workers: number,
  { folder, task, search }: {
    readonly folder: string;
    readonly task: ReadonlyArray<string>;
    readonly search: string;
  },
) {
  const queue = ["--queue", `sqlite:${folder}/queue-${workers}.sqlite`];
  const helpers = Array.from(
    { length: workers },
    () => startSlow(search, ["worker", ...queue], {}),
  );
  const out = `${folder}/run-${workers}`;
  const trainer = startSlow(search, ["train", ...queue, ...task, "--out", out], {
    stderr: "inherit",
  });
  const { success } = await trainer.status;
  for (const helper of helpers) {
    helper.kill("SIGTERM");
    await helper.status;
  }
  ok(success);
  const lines = await linesOf<Timings>(`${out}/metrics.jsonl`);
  return { out, steps: lines.filter(({ type }) => type === "step").slice(1) };
}

/** What each group of a step took: until its last episode was over, and its share of the scoring. */
async function groupsOf(out: string, step: number, { scoreSeconds }: Timings) {
  const episodes = await linesOf<EpisodeTimings>(`${out}/episodes/step-${step}.jsonl`);
  return Array.from(Map.groupBy(episodes, ({ group }) => group).values(), (group): Group => {
    const last = group.map(({ seconds }) => seconds).reduce((most, one) =>
      one.generate + one.tools > most.generate + most.tools ? one : most
    );
    return {
      busySeconds: last.generate + scoreSeconds / RECIPE.promptsPerStep,
      waitSeconds: last.tools,
    };
  });
}

const groupsSeconds = ({ rolloutSeconds, scoreSeconds }: Timings) => rolloutSeconds + scoreSeconds;

const say = (...cells: ReadonlyArray<string | number>) =>
  Deno.stdout.writeSync(new TextEncoder().encode(`| ${cells.join(" | ")} |\n`));

const mean = (values: ReadonlyArray<number>) =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

Deno.test("the simulator says what the groups of a step take with up to 4 workers", () =>
  inFolder(async (folder) => {
    const task = await writeSlowTask(folder, RECIPE);
    await using search = slowSearch(searchSeconds);
    const given = { folder, task, search: search.url };
    const alone = await trainWith(0, given);
    const groups = await Promise.all(
      alone.steps.map((step, i) => groupsOf(alone.out, i + 2, step)),
    );
    deepStrictEqual(groups.map(({ length }) => length), [RECIPE.promptsPerStep]);
    const world: World = {
      workers: 0,
      steps: groups,
      updateSeconds: 0,
      weightsBytes: (await Deno.stat(`${SKILLED}/model.safetensors`)).size,
      groupBytes: 50_000,
      link: { bytesPerSecond: 1e9, latencySeconds: 0 },
      ...MEASURED,
      failuresPerHour: 0,
    };
    const wrong: string[] = [];
    say("workers", "groups, s", "simulated, s", "rest of the step, s");
    say("---", "---", "---", "---");
    for (const workers of [0, ...WORKERS]) {
      const { steps } = workers === 0 ? alone : await trainWith(workers, given);
      const found = mean(steps.map(groupsSeconds));
      const wanted = mean(
        simulate({ ...world, workers }, 1).steps.map((step) =>
          step.publishSeconds + step.groupsSeconds
        ),
      );
      const rest = mean(steps.map((step) => step.seconds - groupsSeconds(step)));
      say(workers, ...[found, wanted, rest].map((seconds) => seconds.toFixed(1)));
      if (Math.abs(found / wanted - 1) > TOLERANCE) wrong.push(`${workers}: ${found} ${wanted}`);
    }
    deepStrictEqual(wrong, []);
  }));
