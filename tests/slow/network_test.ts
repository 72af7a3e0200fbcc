/**
 * A worker in a network of its own: 50 ms each way, 100 Mbit/s, and for a while nothing at all. It has the queue from
 * PostgreSQL and the blobs over HTTP. Where there can be no network, the test says so and is ignored.
 */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { median } from "../../bench/measure.ts";
import { contentsOf, differences } from "../support/kill_matrix.ts";
import { hasNetworks, inSlowNetwork, say } from "../support/network.ts";
import { aloneIn, openWorkshop } from "../support/queue_processes.ts";
import { stepsOf } from "../support/searching_runs.ts";
import { inFolder, metricsOf } from "../support/tiny_run.ts";

const BLOBS_PORT = 8010;
/** Longer than a claim lasts and than blobs are waited for. */
const CUT_MILLIS = 35_000;

/** After so long a cut, TCP may try again 26 s later only. */
const RUN_SECONDS = CUT_MILLIS / 1000 + 45;

const RECIPE = {
  promptsPerStep: 4,
  groupSize: 8,
  maxTurns: 3,
  maxNewTokens: 24,
  contextTokens: 192,
  microBatchTokens: 512,
  lr: 1e-2,
  evaluateEvery: 0,
  checkpointEvery: 0,
};

/** The lines of a program as they come. */
async function* linesOf(child: Deno.ChildProcess) {
  let rest = "";
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    yield* lines;
  }
}

const stepOf = (line: string) => Number(/^step +(\d+)/i.exec(line)?.[1] ?? 0);
const pause = (millis: number) => new Promise((resolve) => setTimeout(resolve, millis));

/** Seconds of the parts of a step, the median over some steps. */
async function parts(folder: string, from: number, to: number): Promise<string> {
  const steps = (await stepsOf(folder)).filter(({ step }) => step >= from && step < to);
  return (["seconds", "rolloutSeconds", "scoreSeconds", "updateSeconds"] as const).map((name) =>
    `${name} ${median(steps.map((step) => step[name])).toFixed(2)}`
  ).join("  ");
}

/** How many steps take so many seconds here. */
async function stepsIn(seconds: number, outer: string): Promise<number> {
  const folder = `${outer}/first`;
  await Deno.mkdir(folder);
  const shop = await openWorkshop(folder, { ...RECIPE, steps: 8 });
  await aloneIn(shop);
  const steps = await stepsOf(`${folder}/alone`);
  return Math.ceil(seconds / median(steps.map((step) => step.seconds)));
}

Deno.test({
  name: "a run whose worker is behind a slow network, cut for a while, is the run without",
  ignore: !hasNetworks,
  fn: () =>
    inFolder((outer) =>
      inSlowNetwork(outer, async ({ network, near, far }) => {
        const steps = await stepsIn(RUN_SECONDS, outer);
        const shop = await openWorkshop(outer, { ...RECIPE, steps });
        const want = await aloneIn(shop);
        const out = `${outer}/run`;
        const trainer = shop.train(
          out,
          ...["--queue", near, "--blobs", `${outer}/blobs`],
          ...["--serve-blobs", `${network.here}:${BLOBS_PORT}`],
        );
        const { port } = network.link.relay(BLOBS_PORT);
        const worker = shop.startIn(
          network.name,
          ...["worker", "--queue", far, "--blobs", `http://${network.here}:${port}`],
          ...["--model", `${outer}/model`],
        );
        const done: number[] = [];
        const working = (async () => {
          for await (const line of linesOf(worker)) {
            say(`worker: ${line}`);
            if (stepOf(line) > 0) done.push(stepOf(line));
          }
        })();
        let [step, cutAt, healedAt] = [0, 0, 0];
        let cutting: Promise<void> | null = null;
        for await (const line of linesOf(trainer)) {
          step = stepOf(line) || step;
          if (done.length < 3 || cutting !== null) continue;
          cutting = (async () => {
            cutAt = step;
            ok(await network.set("down"));
            await pause(CUT_MILLIS);
            ok(await network.set("up"));
            healedAt = step;
          })();
        }
        const failure = await new Response(trainer.stderr).text();
        strictEqual((await trainer.status).code, 0, failure);
        worker.kill("SIGTERM");
        await working;
        await cutting;
        deepStrictEqual(differences(await contentsOf(out), want), []);
        ok(healedAt > cutAt && healedAt < steps, `cut at ${cutAt}, healed at ${healedAt}`);
        ok(done.some((step) => step > healedAt + 1), `it did ${done}, healed at ${healedAt}`);
        strictEqual((await metricsOf(out)).length, (await metricsOf(`${outer}/alone`)).length);
        say(`before   ${await parts(out, 2, cutAt)}`);
        say(`cut      ${await parts(out, cutAt + 1, healedAt)}`);
        say(`after    ${await parts(out, healedAt + 1, steps)}`);
        say(`without  ${await parts(`${outer}/alone`, 2, steps)}`);
      })
    ),
});
