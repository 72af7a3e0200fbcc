/** Workers as processes: killed, refused, and what ./igpo queue says. */
import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { contentsOf, differences } from "./support/kill_matrix.ts";
import { aloneIn, openWorkshop, succeeded } from "./support/queue_processes.ts";
import { inFolder } from "./support/tiny_run.ts";

/** So many steps that a worker has opened its model before the trainer, which works too, has done them all. */
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

/** Reads what a program prints until a line matches, or until another program has ended, and stops reading. */
async function line(
  child: Deno.ChildProcess,
  pattern: RegExp,
  other: Deno.ChildProcess,
): Promise<string> {
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const ended = other.status.then(() => ({ done: true, value: undefined }) as const);
  let text = "";
  while (!pattern.test(text)) {
    const { done, value } = await Promise.race([reader.read(), ended]);
    if (done) break;
    text += value;
  }
  await reader.cancel();
  return text;
}

Deno.test("a worker that is killed in the middle changes no byte of the run", () =>
  inFolder(async (outer) => {
    const shop = await openWorkshop(outer, RECIPE);
    const want = await aloneIn(shop);
    const workers = [shop.worker(), shop.worker()];
    const trainer = shop.train(`${outer}/run`, "--queue", shop.queue);
    match(
      await line(workers[0]!, /^Step \d+: /m, trainer),
      /^Step \d+: 2 episodes of question /m,
    );
    workers[0]!.kill("SIGKILL");
    strictEqual((await workers[0]!.status).signal, "SIGKILL");
    await succeeded(trainer);
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
    const shop = await openWorkshop(outer, RECIPE);
    const trainer = shop.train(`${outer}/run`, "--queue", shop.queue);
    // The embedded model instead.
    const worker = shop.start("worker", "--queue", shop.queue);
    // A worker that is not refused would wait for another run.
    trainer.status.then(() => worker.kill("SIGKILL"), () => {}).catch(() => {});
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
