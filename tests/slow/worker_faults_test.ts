/** What may happen to the process of a worker: it hangs with a job in hand, or runs out of memory. No byte changes. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { contentsOf, differences } from "../support/kill_matrix.ts";
import { aloneIn, openWorkshop } from "../support/queue_processes.ts";
import { inFolder } from "../support/tiny_run.ts";

const RECIPE = {
  steps: 60,
  promptsPerStep: 4,
  groupSize: 16,
  maxTurns: 3,
  maxNewTokens: 24,
  contextTokens: 192,
  microBatchTokens: 512,
  lr: 1e-2,
  evaluateEvery: 0,
  checkpointEvery: 0,
};
/** A trainer that makes no step for so long waits for a job that another has. */
const STALL_MILLIS = 4000;

const pause = (millis: number) => new Promise((resolve) => setTimeout(resolve, millis));
const say = (text: string) => Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));

/** Counts the steps that a program says it has done. */
function countSteps({ stdout }: Deno.ChildProcess) {
  const counted = { steps: 0, isOver: false };
  void (async () => {
    for await (const text of stdout.pipeThrough(new TextDecoderStream())) {
      counted.steps += text.split("\n").filter((line) => /^step +\d+/i.test(line)).length;
    }
    counted.isOver = true;
  })();
  return counted;
}

Deno.test("a worker that hangs with a job in hand is waited for until its claim is over", () =>
  inFolder(async (outer) => {
    const shop = await openWorkshop(outer, RECIPE);
    const want = await aloneIn(shop);
    const worker = shop.worker();
    const done = countSteps(worker);
    const trainer = shop.train(`${outer}/run`, "--queue", shop.queue);
    const trained = countSteps(trainer);
    while (done.steps === 0 && !trained.isOver) await pause(20);
    ok(!trained.isOver, "the run was over before the worker had come up");
    // Now and then it has no job in hand, and the trainer goes on.
    let stalled = false;
    while (!stalled && !trained.isOver) {
      worker.kill("SIGSTOP");
      const { steps } = trained;
      const started = performance.now();
      while (trained.steps === steps && performance.now() - started < STALL_MILLIS) await pause(20);
      stalled = trained.steps === steps && !trained.isOver;
      if (!stalled) worker.kill("SIGCONT");
      await pause(Math.random() * 50);
    }
    ok(stalled);
    const since = performance.now();
    const { steps } = trained;
    while (trained.steps === steps) await pause(20);
    say(
      `Hung: the trainer went on after ${
        ((performance.now() - since + STALL_MILLIS) / 1000).toFixed(1)
      } s`,
    );
    strictEqual((await trainer.status).code, 0);
    worker.kill("SIGCONT");
    worker.kill("SIGKILL");
    await worker.status;
    deepStrictEqual(differences(await contentsOf(`${outer}/run`), want), []);
  }));

Deno.test("a worker that runs out of memory dies, and its job is done by another", () =>
  inFolder(async (outer) => {
    const shop = await openWorkshop(outer, RECIPE);
    const want = await aloneIn(shop);
    const trainer = shop.train(`${outer}/run`, "--queue", shop.queue);
    const trained = countSteps(trainer);
    let deaths = 0;
    let last = 0;
    while (!trained.isOver) {
      const worker = shop.starved("worker", "--queue", shop.queue, "--model", `${outer}/model`);
      const done = countSteps(worker);
      void worker.stderr.pipeTo(new WritableStream());
      const ended = await Promise.race([worker.status, trainer.status.then(() => null)]);
      if (ended === null) worker.kill("SIGKILL");
      else {
        ok(!ended.success);
        deaths += 1;
      }
      await worker.status;
      last = Math.max(last, done.steps);
    }
    say(`Out of memory: ${deaths} times, after up to ${last} groups`);
    ok(deaths > 0);
    strictEqual((await trainer.status).code, 0);
    deepStrictEqual(differences(await contentsOf(`${outer}/run`), want), []);
  }));
