/**
 * Workers and the trainer are killed again and again; the run must be that of one process to the byte. KILLS says how
 * many workers at least, TRAINERS how many times the trainer.
 */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { createRandom } from "../../src/math/random.ts";
import { contentsOf, differences } from "../support/kill_matrix.ts";
import { aloneIn, openWorkshop, succeeded } from "../support/queue_processes.ts";
import { inFolder } from "../support/tiny_run.ts";

const KILLS = Number(Deno.env.get("KILLS") ?? 12);
const TRAINERS = Number(Deno.env.get("TRAINERS") ?? 2);
const WORKERS = 4;
const random = createRandom([24, 24]);

const RECIPE = {
  steps: 20,
  promptsPerStep: 4,
  groupSize: 8,
  maxTurns: 3,
  maxNewTokens: 24,
  contextTokens: 192,
  microBatchTokens: 512,
  // Groups and gradients are jobs.
  gradientShards: 4,
  lr: 1e-2,
  evaluateEvery: 0,
  checkpointEvery: 1,
};

const pause = (millis: number) => new Promise((resolve) => setTimeout(resolve, millis));

Deno.test(`a run whose ${WORKERS} workers and trainer are killed is the run of one process`, () =>
  inFolder(async (outer) => {
    const shop = await openWorkshop(outer, RECIPE);
    const want = await aloneIn(shop);
    const quiet = (child: Deno.ChildProcess) => {
      void child.stdout.pipeTo(new WritableStream());
      void child.stderr.pipeTo(new WritableStream());
      return child;
    };
    const worker = () => quiet(shop.worker());
    const workers = Array.from({ length: WORKERS }, worker);
    const out = `${outer}/run`;
    let kills = 0;
    let isOver = false;
    const killing = (async () => {
      while (!isOver) {
        await pause(1000 + random.int(2000));
        const at = random.int(WORKERS);
        workers[at]!.kill("SIGKILL");
        await workers[at]!.status;
        workers[at] = worker();
        kills += 1;
      }
    })();
    let trainers = 0;
    const isBegun = () => Deno.stat(`${out}/config.json`).then(() => true, () => false);
    while (true) {
      const resumed = ["train", "--resume", out, "--queue", shop.queue];
      const trainer = await isBegun()
        ? shop.start(...resumed)
        : shop.train(out, "--queue", shop.queue);
      if (trainers === TRAINERS && kills >= KILLS) {
        await succeeded(trainer);
        break;
      }
      await pause(15_000 + random.int(10_000));
      trainer.kill("SIGKILL");
      const { signal } = await trainer.output();
      strictEqual(signal, "SIGKILL", "The trainer was over before it could be killed");
      trainers += 1;
    }
    isOver = true;
    await killing;
    for (const child of workers) {
      child.kill("SIGKILL");
      await child.status;
    }
    ok(kills >= KILLS);
    deepStrictEqual(differences(await contentsOf(out), want), []);
    const said = `Equal folders: ${kills} workers and ${trainers} trainers killed\n`;
    Deno.stdout.writeSync(new TextEncoder().encode(said));
  }));
