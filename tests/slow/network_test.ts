/**
 * A worker in a network of its own: 50 ms each way, 100 Mbit/s, and for a while nothing at all. It has the queue from
 * PostgreSQL and the blobs over HTTP. Root and ip are needed, elsewhere the test says so and is ignored; where the
 * kernel has no netem, the network is as fast as it is, which is said too.
 */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { command } from "../../driver/command.ts";
import { contentsOf, differences } from "../support/kill_matrix.ts";
import { startPostgres } from "../support/postgres.ts";
import { aloneIn, openWorkshop } from "../support/queue_processes.ts";
import { inFolder, metricsOf } from "../support/tiny_run.ts";

const HERE = "10.213.7.1";
const NETWORK = `igpo${Deno.pid}`;
const SLOW = "delay 50ms rate 100mbit";
/** Longer than a claim lasts and than blobs are waited for. */
const CUT_MILLIS = 35_000;

const RECIPE = {
  steps: 100,
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

async function sh(script: string): Promise<boolean> {
  const { success, stderr } = await command("sh", { args: ["-ec", script] }).output();
  if (!success) say(new TextDecoder().decode(stderr));
  return success;
}

function say(text: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));
}

const build = `
  ip netns add ${NETWORK}
  ip link add ${NETWORK}a type veth peer name ${NETWORK}b netns ${NETWORK}
  ip addr add ${HERE}/24 dev ${NETWORK}a
  ip link set ${NETWORK}a up
  ip -n ${NETWORK} addr add 10.213.7.2/24 dev ${NETWORK}b
  ip -n ${NETWORK} link set ${NETWORK}b up
  ip -n ${NETWORK} link set lo up
`;
const slowDown = `
  tc qdisc add dev ${NETWORK}a root netem ${SLOW}
  tc -n ${NETWORK} qdisc add dev ${NETWORK}b root netem ${SLOW}
`;
/** Both ways at once. */
const link = (state: "up" | "down") => sh(`ip link set ${NETWORK}a ${state}`);

const isRoot = Deno.build.os === "linux" && Deno.uid() === 0;
const hasNetworks = isRoot && await sh(build);
if (!hasNetworks) say("Ignored: a network of its own takes root and ip");
else if (!await sh(slowDown)) say("Without netem: neither delay nor a limit of 100 Mbit/s");

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
  const text = await Deno.readTextFile(`${folder}/metrics.jsonl`);
  const steps = text.trimEnd().split("\n").map((line) => JSON.parse(line))
    .filter(({ type, step }) => type === "step" && step >= from && step < to);
  return ["seconds", "rolloutSeconds", "scoreSeconds", "updateSeconds"].map((name) => {
    const sorted = steps.map((step) => Number(step[name])).sort((a, b) => a - b);
    return `${name} ${(sorted[sorted.length >> 1] ?? NaN).toFixed(2)}`;
  }).join("  ");
}

Deno.test({
  name: "a run whose worker is behind a slow network, cut for a while, is the run without",
  ignore: !hasNetworks,
  fn: () =>
    inFolder(async (outer) => {
      await Deno.mkdir(`${outer}/server`);
      const server = await startPostgres(`${outer}/server`, HERE);
      Deno.env.set("BLOBS_SECRET", "a secret that is long enough to be one");
      Deno.env.set("PGSSLROOTCERT", server.certificate);
      try {
        const shop = await openWorkshop(outer, RECIPE);
        const want = await aloneIn(shop);
        const queue = ["--queue", server.url];
        const at = `${HERE}:8010`;
        const out = `${outer}/run`;
        const trainer = shop.train(
          out,
          ...queue,
          ...["--blobs", `${outer}/blobs`, "--serve-blobs", at],
        );
        const worker = shop.startIn(
          NETWORK,
          ...["worker", ...queue, "--blobs", `http://${at}`, "--model", `${outer}/model`],
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
            ok(await link("down"));
            await pause(CUT_MILLIS);
            ok(await link("up"));
            healedAt = step;
          })();
        }
        const failure = await new Response(trainer.stderr).text();
        strictEqual((await trainer.status).code, 0, failure);
        worker.kill("SIGTERM");
        await working;
        await cutting;
        deepStrictEqual(differences(await contentsOf(out), want), []);
        ok(healedAt > cutAt && healedAt < RECIPE.steps, `cut at ${cutAt}, healed at ${healedAt}`);
        ok(done.some((step) => step > healedAt + 1), `it did ${done}, healed at ${healedAt}`);
        strictEqual((await metricsOf(out)).length, (await metricsOf(`${outer}/alone`)).length);
        say(`before   ${await parts(out, 2, cutAt)}`);
        say(`cut      ${await parts(out, cutAt + 1, healedAt)}`);
        say(`after    ${await parts(out, healedAt + 1, RECIPE.steps)}`);
        say(`without  ${await parts(`${outer}/alone`, 2, RECIPE.steps)}`);
      } finally {
        Deno.env.delete("BLOBS_SECRET");
        Deno.env.delete("PGSSLROOTCERT");
        await server.stop();
        await sh(`ip netns del ${NETWORK}`);
      }
    }),
});
