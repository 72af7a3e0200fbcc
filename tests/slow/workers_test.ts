/**
 * A run of four workers on a queue in PostgreSQL, which this proof installs and starts. Workers and the trainer are
 * killed again and again and the database restarts; the run must be that of one process to the byte. KILLS says how
 * many workers at least, TRAINERS how many times the trainer, RESTARTS how many times the database, DEVICE what computes.
 */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { createRandom } from "../../src/math/random.ts";
import { SHARDS_FILE, type SharedRecord } from "../../src/queue/shared_record.ts";
import { contentsOf, differences } from "../support/kill_matrix.ts";
import { startPostgres } from "../support/postgres.ts";
import { WORKERS_FILE, type WorkRecord } from "../../src/queue/work_record.ts";
import { aloneIn, openWorkshop, succeeded, type Workshop } from "../support/queue_processes.ts";
import { linesOf } from "../support/searching_runs.ts";
import { inFolder } from "../support/tiny_run.ts";

const KILLS = Number(Deno.env.get("KILLS") ?? 50);
const TRAINERS = Number(Deno.env.get("TRAINERS") ?? 5);
const RESTARTS = Number(Deno.env.get("RESTARTS") ?? 2);
const DEVICE = Deno.env.get("DEVICE") ?? "auto";
const WORKERS = 4;
const random = createRandom([24, 24]);

const RECIPE = {
  steps: 20,
  promptsPerStep: 8,
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
const exists = (path: string) => Deno.stat(path).then(() => true, () => false);

/** Reads what a process prints, which else would wait for a reader. */
function quiet(child: Deno.ChildProcess): Deno.ChildProcess {
  void child.stdout.pipeTo(new WritableStream());
  void child.stderr.pipeTo(new WritableStream());
  return child;
}

/** Workers of which one is killed every two seconds or so, until it is asked to end. */
function dyingWorkers({ worker, folder }: Workshop) {
  const born = () => quiet(worker("--blobs", `${folder}/blobs`));
  const workers = Array.from({ length: WORKERS }, born);
  let kills = 0;
  let isOver = false;
  const killing = (async () => {
    while (!isOver) {
      await pause(1000 + random.int(2000));
      const at = random.int(WORKERS);
      workers[at]!.kill("SIGKILL");
      await workers[at]!.status;
      workers[at] = born();
      kills += 1;
    }
  })();
  return {
    kills: () => kills,
    end: async () => {
      isOver = true;
      await killing;
      for (const child of workers) {
        child.kill("SIGKILL");
        await child.status;
      }
    },
  };
}

/** Trains to the end, with a trainer that is killed TRAINERS times, and later if not enough workers were. */
async function trainKilled({ start, train, ...shop }: Workshop, out: string, kills: () => number) {
  const queue = ["--queue", shop.queue, "--blobs", `${shop.folder}/blobs`];
  let trainers = 0;
  while (true) {
    const trainer = await exists(`${out}/config.json`)
      ? start("train", "--resume", out, ...queue)
      : train(out, ...queue);
    if (trainers >= TRAINERS && kills() >= KILLS) {
      await succeeded(trainer);
      return trainers;
    }
    await pause(10_000 + random.int(8_000));
    trainer.kill("SIGKILL");
    const { signal } = await trainer.output();
    strictEqual(signal, "SIGKILL", "The trainer was over before it could be killed");
    trainers += 1;
  }
}

/** What workers did, by the lines of a file. */
async function doneElsewhere(path: string): Promise<number> {
  const records = await linesOf<WorkRecord | SharedRecord>(path);
  return records.reduce((sum, { elsewhere }) => sum + elsewhere, 0);
}

Deno.test(`a run whose ${WORKERS} workers, trainer and database are killed is the run of one process`, () =>
  inFolder(async (outer) => {
    await Deno.mkdir(`${outer}/server`);
    const server = await startPostgres(`${outer}/server`);
    Deno.env.set("PGSSLROOTCERT", server.certificate);
    try {
      const shop = await openWorkshop(outer, RECIPE, { device: DEVICE, queue: server.url });
      const want = await aloneIn(shop);
      const out = `${outer}/run`;
      const workers = dyingWorkers(shop);
      let restarts = 0;
      const restarting = (async () => {
        for (; restarts < RESTARTS; restarts++) {
          await pause(30_000);
          await server.restart();
        }
      })();
      const trainers = await trainKilled(shop, out, workers.kills);
      await workers.end();
      await restarting;
      ok(workers.kills() >= KILLS);
      deepStrictEqual(differences(await contentsOf(out), want), []);
      const groups = await doneElsewhere(`${out}/${WORKERS_FILE}`);
      const shards = await doneElsewhere(`${out}/${SHARDS_FILE}`);
      ok(groups > 0 && shards > 0);
      const { steps, promptsPerStep, gradientShards } = RECIPE;
      const said = `Equal folders: ${workers.kills()} workers and ${trainers} trainers killed, ` +
        `PostgreSQL restarted ${restarts} times; workers did ${groups} of ` +
        `${steps * promptsPerStep} groups and ${shards} of ${steps * gradientShards} shards\n`;
      Deno.stdout.writeSync(new TextEncoder().encode(said));
    } finally {
      Deno.env.delete("PGSSLROOTCERT");
      await server.stop();
    }
  }));
