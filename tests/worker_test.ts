/** Workers as processes: killed, refused, and what ./igpo queue says. */
import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { contentsOf, differences } from "./support/kill_matrix.ts";
import { aloneIn, holdBack, openWorkshop, reading, succeeded } from "./support/queue_processes.ts";
import { inFolder } from "./support/tiny_run.ts";

const RECIPE = {
  steps: 60,
  promptsPerStep: 2,
  groupSize: 2,
  maxTurns: 2,
  maxNewTokens: 6,
  contextTokens: 128,
  microBatchTokens: 256,
  lr: 1e-2,
  evaluateEvery: 0,
  checkpointEvery: 20,
};

Deno.test("a worker that is killed in the middle changes no byte of the run", () =>
  inFolder(async (outer) => {
    const shop = await openWorkshop(outer, RECIPE);
    const want = await aloneIn(shop);
    const workers = [shop.worker(), shop.worker()];
    const trainer = shop.train(`${outer}/run`, "--queue", shop.queue);
    await using trained = reading(trainer);
    await using said = reading(workers[0]!);
    await trained.until(/^step +1\b/mi);
    match(
      await holdBack(trainer, said.until(/^Step \d+: /m)),
      /^Step \d+: 2 episodes of question /m,
    );
    workers[0]!.kill("SIGKILL");
    strictEqual((await workers[0]!.status).signal, "SIGKILL");
    await trained.success();
    workers[1]!.kill("SIGTERM");
    strictEqual((await workers[1]!.output()).code, 130);
    deepStrictEqual(differences(await contentsOf(`${outer}/run`), want), []);
    match(
      await succeeded(shop.start("queue", "--queue", shop.queue)),
      /^0 waiting, 0 running, 0 done, 0 given up, 0 repeats\n$/,
    );
  }));

Deno.test("a worker without the model of the run says so and leaves with exit code 2", () =>
  inFolder(async (outer) => {
    const shop = await openWorkshop(outer, { ...RECIPE, steps: 4000 });
    const trainer = shop.train(`${outer}/run`, "--queue", shop.queue);
    // The embedded model instead.
    const worker = shop.start("worker", "--queue", shop.queue);
    // A worker that is not refused would wait for another run.
    trainer.status.then(() => worker.kill("SIGKILL")).catch(() => {});
    const { code, stderr } = await worker.output();
    trainer.kill("SIGKILL");
    await trainer.output();
    strictEqual(code, 2);
    match(
      new TextDecoder().decode(stderr),
      /^Cannot work for this run as prompts and log-probs must be the trainer's to the bit[^\n]*\n$/,
    );
  }));

Deno.test("an address that is no queue is refused in one sentence", () =>
  inFolder(async (outer) => {
    const shop = await openWorkshop(outer, RECIPE);
    const { code, stderr } = await shop.start("worker", "--queue", "redis://here").output();
    strictEqual(code, 2);
    match(
      new TextDecoder().decode(stderr),
      /^Cannot use --queue as it must be sqlite:FILE or postgres:\/\/USER@HOST\/DATABASE: current value is "redis:\/\/here"\n$/,
    );
  }));
