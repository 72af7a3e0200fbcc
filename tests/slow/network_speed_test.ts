/**
 * The simulator beside a run over a slow network: two workers fetch adapters of the size of Qwen2.5-0.5B's over 50 ms each
 * way and 100 Mbit/s, and ask a database at the other end. The model is the built-in one, with adapters of a rank that
 * gives as many bytes: the network sees blobs, whatever is in them. What groups and updates take of the trainer alone,
 * without the network, goes into the simulator. Prints the table of docs/scale.md.
 */
import { deepStrictEqual, ok } from "node:assert/strict";
import { Result } from "effect";
import { MEASURED } from "../../bench/scale_tables.ts";
import { simulate, type World } from "../../bench/simulate.ts";
import { PROJECTIONS } from "../../src/domain/recipe.ts";
import { readArchitecture } from "../../src/model/architecture.ts";
import { weightsBytes } from "../../src/queue/weights_blob.ts";
import type { WorkRecord } from "../../src/queue/work_record.ts";
import { formOf } from "../support/dispatch_counts.ts";
import { hasNetworks, inSlowNetwork, say } from "../support/network.ts";
import {
  groupsOf,
  linesOf,
  MODEL,
  openRuns,
  slowSearch,
  stepsOf,
  type Timings,
} from "../support/searching_runs.ts";
import { type Exchange, SLOW } from "../support/slow_link.ts";
import { inFolder } from "../support/tiny_run.ts";

const WORKERS = 2;
const BLOBS_PORT = 8011;
/** Of what is predicted. */
const TOLERANCE = 0.15;
/** Bytes of the adapters of Qwen2.5-0.5B: rank 16 on all projections. */
const WANTED_BYTES = weightsBytes(formOf("qwen2.5-0.5b", "LoRA"));

const config = JSON.parse(await Deno.readTextFile(`${MODEL}/config.json`));
const architecture = Result.getOrThrow(readArchitecture(config));
const adaptersOf = (rank: number) =>
  ({ rank, alpha: rank, rankStabilized: false, targets: new Set(PROJECTIONS) }) as const;
const bytesOf = (rank: number) => weightsBytes({ architecture, lora: adaptersOf(rank) });
/** The rank of as many bytes. */
const RANK = 4 * Math.round(WANTED_BYTES / bytesOf(4));

const RECIPE = {
  steps: 3,
  promptsPerStep: 6,
  // The agent must go on searching.
  lr: 1e-6,
  lora: { ...adaptersOf(RANK), targets: PROJECTIONS },
};

const sum = (values: ReadonlyArray<number>) => values.reduce((all, one) => all + one, 0);
const mean = (values: ReadonlyArray<number>) => sum(values) / values.length;
const secondsOf = ({ beganMillis, endedMillis }: Exchange) => (endedMillis - beganMillis) / 1000;

/** The mean seconds of the parts of a step. */
interface Parts {
  readonly publish: number;
  readonly weights: number;
  readonly answer: number;
  readonly groups: number;
  readonly update: number;
  readonly step: number;
}

/** What is measured of a run, without its first step. */
async function partsOf(out: string, exchanges: ReadonlyArray<Exchange>): Promise<Parts> {
  const steps = await stepsOf(out);
  const records = await linesOf<WorkRecord>(`${out}/workers.jsonl`);
  const groups = (step: Timings) => step.rolloutSeconds + step.scoreSeconds;
  const publish = steps.map((step) => records[step.step - 1]!.seconds - groups(step));
  const fetched = exchanges.filter(({ downBytes }) => downBytes > WANTED_BYTES / 2);
  ok(fetched.length >= WORKERS * steps.length, "each worker fetches the weights of each step");
  const put = exchanges.filter(({ upBytes }) => upBytes > 4096);
  return {
    publish: mean(publish),
    weights: mean(fetched.slice(-WORKERS * steps.length).map(secondsOf)),
    answer: mean(put.map(secondsOf)),
    groups: mean(steps.map(groups)),
    update: mean(steps.map(({ updateSeconds }) => updateSeconds)),
    step: mean(steps.map(({ seconds }) => seconds)),
  };
}

/** What the simulator says of steps whose groups and updates take what they took alone; each seed draws other pauses. */
function simulatedParts(world: World, seeds: number): Parts {
  const runs = Array.from({ length: seeds }, (_, seed) => simulate(world, seed));
  const steps = runs.flatMap(({ steps }) => steps);
  const [publish, groups, update] = [
    mean(steps.map(({ publishSeconds }) => publishSeconds)),
    mean(steps.map(({ groupsSeconds }) => groupsSeconds)),
    mean(steps.map(({ updateSeconds }) => updateSeconds)),
  ];
  const weights = sum(runs.map(({ workers }) => workers.weights)) / steps.length / WORKERS;
  const { link: { latencySeconds, bytesPerSecond }, groupBytes } = world;
  const answer = 2 * latencySeconds + groupBytes / bytesPerSecond;
  return { publish, weights, answer, groups, update, step: publish + groups + update };
}

Deno.test({
  name: "the simulator says what a step of two workers behind a slow network takes",
  ignore: !hasNetworks,
  fn: () =>
    inFolder((outer) =>
      inSlowNetwork(outer, async ({ network, near, far }) => {
        await using search = slowSearch(network.here);
        const runs = await openRuns(outer, search.url, RECIPE);
        const alone = `${outer}/alone`;
        ok((await runs.trainer(alone, "--queue", `sqlite:${outer}/queue.sqlite`).status).success);
        const { port, exchanges } = network.link.relay(BLOBS_PORT);
        const workers = Array.from({ length: WORKERS }, () =>
          runs.worker(
            network.name,
            ...["--queue", far, "--blobs", `http://${network.here}:${port}`],
          ));
        const out = `${outer}/run`;
        const trainer = runs.trainer(
          out,
          ...["--queue", near, "--blobs", `${outer}/blobs`],
          ...["--serve-blobs", `${network.here}:${BLOBS_PORT}`],
        );
        const { success } = await trainer.status;
        for (const worker of workers) {
          worker.kill("SIGTERM");
          await worker.status;
        }
        ok(success);
        const timings = await stepsOf(alone);
        const records = await linesOf<WorkRecord>(`${out}/workers.jsonl`);
        const world: World = {
          workers: WORKERS,
          steps: await Promise.all(timings.map((step) => groupsOf(alone, step))),
          updateSeconds: mean(timings.map(({ updateSeconds }) => updateSeconds)),
          weightsBytes: bytesOf(RANK),
          groupBytes: sum(records.map(({ bytes }) => bytes)) /
            sum(records.map(({ elsewhere }) => elsewhere)),
          link: { bytesPerSecond: SLOW.bytesPerSecond, latencySeconds: SLOW.delayMillis / 1000 },
          ...MEASURED,
          failuresPerHour: 0,
        };
        const [found, wanted] = [await partsOf(out, exchanges), simulatedParts(world, 20)];
        say(
          `${WORKERS} workers, adapters of ${
            (world.weightsBytes / 1e6).toFixed(1)
          } MB (rank ${RANK})`,
        );
        say("| part | measured, s | simulated, s |\n| --- | --- | --- |");
        for (const part of ["publish", "weights", "answer", "groups", "update", "step"] as const) {
          say(`| ${part} | ${found[part].toFixed(2)} | ${wanted[part].toFixed(2)} |`);
        }
        const parts = ["weights", "groups", "step"] as const;
        const wrong = parts.filter((part) => Math.abs(found[part] / wanted[part] - 1) > TOLERANCE);
        deepStrictEqual(wrong, []);
      })
    ),
});
