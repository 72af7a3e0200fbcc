// deno-lint-ignore-file no-console
/**
 * `./igpo bench:queue`: how fast blobs come and go between two processes of this machine, hashes included, and what a
 * queue with one worker adds to a step of about a second.
 */
import process from "node:process";
import { Effect } from "effect";
import { command } from "../driver/command.ts";
import { readSecret } from "../src/queue/blob_secret.ts";
import { serveBlobs } from "../src/queue/blob_server.ts";
import { openBlobFolder } from "../src/queue/blobs.ts";
import { reachBlobs } from "../src/queue/http_blobs.ts";
import { sha256Of } from "../src/queue/job.ts";
import { openWorkshop, succeeded } from "../tests/support/queue_processes.ts";
import { median } from "./measure.ts";

const REPEATS = 5;
/** Bytes of adapters on all matrices of a model above 7B, in f32 (rank 16). */
const WEIGHTS_BYTES = 256_000_000;
/** Bytes of a group of long episodes. */
const GROUP_BYTES = 4_000_000;
/** MB that a GET must move in a second of processor time of both processes together, so that it moves as many in one of the clock. */
const FLOOR = 300;
/** Seconds that a queue may add to a step: 5 % of one of a second. */
const MOST = 0.05;
const ROUNDS = 3;

const RECIPE = {
  steps: 6,
  promptsPerStep: 4,
  groupSize: 8,
  maxTurns: 3,
  maxNewTokens: 24,
  contextTokens: 192,
  microBatchTokens: 512,
  evaluateEvery: 0,
  checkpointEvery: 0,
};

Deno.env.set("BLOBS_SECRET", "a secret that is long enough to be one");
const sign = await Effect.runPromise(readSecret);

if (Deno.args[0] === "serve") {
  await Effect.runPromise(Effect.scoped(Effect.gen(function* () {
    console.log(yield* serveBlobs({ folder: Deno.args[1]!, address: "127.0.0.1:0", sign }));
    yield* Effect.promise(async () => {
      // Whatever it is asked, it answers with its processor time.
      for await (const _ of Deno.stdin.readable) console.log(processorMicros());
    });
  })));
  Deno.exit();
}

/** Microseconds of processor time that this process took. */
function processorMicros(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

/** A server of the blobs of a folder, in a process of its own. */
function startServer(folder: string) {
  const child = command("deno", {
    args: [
      ...["run", "--frozen", "--no-prompt", "--allow-read", "--allow-env", "--allow-net=127.0.0.1"],
      ...[`--allow-write=${folder}`, import.meta.filename!, "serve", folder],
    ],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const writer = child.stdin.getWriter();
  const line = async () => {
    let text = "";
    while (!text.includes("\n")) text += (await reader.read()).value ?? "\n";
    return text.trim();
  };
  return {
    address: line(),
    processorMicros: async () => {
      await writer.write(new Uint8Array(1));
      return Number(await line());
    },
    stop: async () => {
      await writer.close();
      await reader.cancel();
      await child.status;
    },
  };
}

type Server = ReturnType<typeof startServer>;

/**
 * MB a second of a request, of all repeats but the first: by the clock, and by the processor time of both processes, which
 * other programs on the machine change less.
 */
async function speed(bytes: number, server: Server | null, request: () => unknown) {
  const rates: Array<readonly [clock: number, client: number, both: number]> = [];
  for (let i = 0; i <= REPEATS; i++) {
    const theirs = await server?.processorMicros() ?? 0;
    const [start, before] = [performance.now(), processorMicros()];
    await request();
    const [millis, ours] = [performance.now() - start, processorMicros() - before];
    const both = ours + (await server?.processorMicros() ?? 0) - theirs;
    if (i > 0) rates.push([bytes / 1000 / millis, bytes / ours, bytes / both]);
  }
  const [clock, client, both] = [0, 1, 2].map((at) => median(rates.map((rate) => rate[at]!)));
  const best = Math.max(...rates.map(([clock]) => clock));
  const said = `${clock!.toFixed(0)} MB/s, best ${best.toFixed(0)}; ` +
    `MB a processor second: ${client!.toFixed(0)} of the client, ${both!.toFixed(0)} of both`;
  return { both: both!, said };
}

/** Blobs between two processes. Hashing is a part of both ways; what it takes alone stands beside. */
async function timeBlobs(folder: string): Promise<void> {
  const server = startServer(folder);
  const blobs = await Effect.runPromise(reachBlobs(await server.address, sign));
  const bytes = new Uint8Array(WEIGHTS_BYTES);
  for (let i = 0; i < bytes.length; i += 1 << 16) {
    crypto.getRandomValues(bytes.subarray(i, i + (1 << 16)));
  }
  const own = await Effect.runPromise(openBlobFolder(folder));
  const weights = await Effect.runPromise(own.put([bytes]));
  const got = await speed(
    WEIGHTS_BYTES,
    server,
    () => Effect.runPromise(blobs.get(weights, WEIGHTS_BYTES)),
  );
  const part = bytes.subarray(0, GROUP_BYTES);
  const put = await speed(GROUP_BYTES, server, () => Effect.runPromise(blobs.put([part])));
  const hash = await speed(WEIGHTS_BYTES, null, () => sha256Of([bytes]));
  console.log(
    `get ${WEIGHTS_BYTES / 1e6} MB   ${got.said}  ${verdict(got.both >= FLOOR)} ${FLOOR}`,
  );
  console.log(`put ${GROUP_BYTES / 1e6} MB       ${put.said}`);
  console.log(`SHA-256 alone  ${hash.said}`);
  await server.stop();
}

const verdict = (isReached: boolean) => isReached ? "reaches" : "MISSES";

/** Seconds of the steps of runs with and without a queue, alternating; the trainer does all jobs. */
async function timeSteps(folder: string): Promise<void> {
  const shop = await openWorkshop(folder, RECIPE);
  const seconds = { alone: [] as number[], queue: [] as number[] };
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, more] of [["alone", []], ["queue", ["--queue", shop.queue]]] as const) {
      const out = `${folder}/${name}${round}`;
      await succeeded(shop.train(out, ...more));
      const lines = (await Deno.readTextFile(`${out}/metrics.jsonl`)).trimEnd().split("\n");
      const steps = lines.map((line) => JSON.parse(line)).filter(({ type }) => type === "step");
      // The first step opens what the others use.
      seconds[name].push(...steps.slice(1).map((step) => Number(step.seconds)));
    }
  }
  const [alone, queue] = [median(seconds.alone), median(seconds.queue)];
  console.log(
    `a step of ${alone.toFixed(2)} s takes ${queue.toFixed(2)} s with a queue: ` +
      `${(1000 * (queue - alone)).toFixed(0)} ms more  ${verdict(queue - alone <= MOST)} ${MOST} s`,
  );
}

const folder = await Deno.makeTempDir();
try {
  await timeBlobs(folder);
  await timeSteps(folder);
} finally {
  await Deno.remove(folder, { recursive: true });
}
