import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { Cause, Clock, Duration, Effect, Exit, Fiber } from "effect";
import project from "../../deno.json" with { type: "json" };
import { JobFailed } from "../../src/domain/errors.ts";
import { PRESETS } from "../../src/igpo/presets.ts";
import { nextRun, openWork } from "../../src/programs/worker.ts";
import type { RunRecord } from "../../src/queue/job.ts";
import { WORKERS_FILE, type WorkRecord } from "../../src/queue/work_record.ts";
import { contentsOf, differences } from "../support/kill_matrix.ts";
import {
  inFolder,
  lenientProtocol,
  prepareTiny,
  QUICK,
  type TinyRun,
  tinyTask,
  trainTiny,
  workTiny,
} from "../support/tiny_run.ts";

/** A run that calls tools of several turns, and moves the weights. */
const OPTIONS: Omit<TinyRun, "folder"> = {
  recipe: { steps: 3, promptsPerStep: 6, checkpointEvery: 1 },
};

const queueIn = (folder: string) => ({ queue: `sqlite:${folder}/queue.sqlite`, blobs: null });

const alone = await inFolder(async (folder) => {
  await Effect.runPromise(trainTiny({ ...OPTIONS, folder }));
  return await contentsOf(folder);
});

/**
 * Trains on a queue beside some workers; answers with what the run's folder holds and what the trainer said. Workers get
 * and put blobs over HTTP where an address is given.
 */
const onQueue = (
  workers: number,
  { serveBlobs = null, ...options }: Partial<TinyRun> & { readonly serveBlobs?: string | null } =
    {},
) =>
  inFolder(async (outer) => {
    const folder = `${outer}/run`;
    await Deno.mkdir(folder);
    const queue = { ...queueIn(outer), serveBlobs };
    const theirs = { ...queue, blobs: serveBlobs === null ? null : `http://${serveBlobs}` };
    const said: string[] = [];
    const done: string[] = [];
    const print = (to: string[]) => (text: string) => Effect.sync(() => void to.push(text));
    const help = Effect.forEach(
      Array.from({ length: workers }),
      () => Effect.forkChild(workTiny(theirs, { ...OPTIONS, ...options, print: print(done) })),
    );
    const program = Effect.andThen(
      help,
      trainTiny({ ...OPTIONS, folder, queue, print: print(said), ...options }),
    );
    await Effect.runPromise(Effect.timeout(program, "60 seconds"));
    const left = await Array.fromAsync(
      Deno.readDir(`${outer}/queue.sqlite.blobs`),
      ({ name }) => name,
    );
    deepStrictEqual(left, ["trainer"]);
    const work = (await Deno.readTextFile(`${folder}/${WORKERS_FILE}`)).trimEnd().split("\n")
      .map((line): WorkRecord => JSON.parse(line));
    return { contents: await contentsOf(folder), said, done, work };
  });

for (const workers of [0, 1, 3]) {
  Deno.test(`a run with a queue and ${workers} workers leaves the folder of a run without, to the byte`, async () => {
    const { contents, done, work } = await onQueue(workers);
    deepStrictEqual(differences(contents, alone), []);
    deepStrictEqual(work.map(({ step, here, elsewhere }) => [step, here + elsewhere]), [
      ...[[1, 6], [2, 6], [3, 6]],
    ]);
    strictEqual(work.some(({ elsewhere, bytes }) => elsewhere > 0 && bytes > 0), workers > 0);
    strictEqual(done.some((line) => line.startsWith("Step ")), workers > 0);
  });
}

Deno.test("a run whose workers have its blobs over HTTP only is the same to the byte", async () => {
  const probe = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const serveBlobs = `127.0.0.1:${probe.addr.port}`;
  probe.close();
  Deno.env.set("BLOBS_SECRET", "a secret that is long enough to be one");
  const { contents, said, done } = await onQueue(2, { serveBlobs })
    .finally(() => Deno.env.delete("BLOBS_SECRET"));
  deepStrictEqual(differences(contents, alone), []);
  ok(done.some((line) => line.startsWith("Step ")));
  ok(said.some((line) => line.endsWith(` --blobs http://${serveBlobs}`)));
});

Deno.test("a frozen scorer and adapters come to the same bytes on a queue", async () => {
  const options = {
    preset: PRESETS["igpo-frozen"]!,
    recipe: {
      steps: 2,
      lora: { rank: 4, alpha: 8, rankStabilized: false, targets: ["q_proj" as const] },
    },
  };
  const want = await inFolder(async (folder) => {
    await Effect.runPromise(trainTiny({ ...options, folder }));
    return await contentsOf(folder);
  });
  deepStrictEqual(differences((await onQueue(1, options)).contents, want), []);
});

/** The time of this machine, and an hour or so. */
function clockOff(millis: number): Clock.Clock {
  const now = () => Date.now() + millis;
  const nanos = () => BigInt(now()) * 1_000_000n;
  return Clock.Clock.of({
    currentTimeMillisUnsafe: now,
    currentTimeMillis: Effect.sync(now),
    currentTimeNanosUnsafe: nanos,
    currentTimeNanos: Effect.sync(nanos),
    monotonicTimeNanosUnsafe: nanos,
    monotonicTimeNanos: Effect.sync(nanos),
    sleep: (duration) =>
      Effect.promise(() =>
        new Promise((resolve) => setTimeout(resolve, Duration.toMillis(duration)))
      ),
  });
}

for (const hours of [-24, 24]) {
  Deno.test(`a worker whose clock is ${hours} hours off changes no byte`, () =>
    inFolder(async (outer) => {
      const folder = `${outer}/run`;
      await Deno.mkdir(folder);
      const queue = queueIn(outer);
      const done: string[] = [];
      const print = (text: string) => Effect.sync(() => void done.push(text));
      const worker = workTiny(queue, { ...OPTIONS, print }).pipe(
        Effect.provideService(Clock.Clock, clockOff(hours * 3_600_000)),
      );
      const program = Effect.andThen(
        Effect.forkChild(worker),
        trainTiny({ ...OPTIONS, folder, queue }),
      );
      await Effect.runPromise(Effect.timeout(program, "60 seconds"));
      ok(done.some((line) => line.startsWith("Step ")));
      deepStrictEqual(differences(await contentsOf(folder), alone), []);
    }));
}

Deno.test("a worker of another version than the trainer's is refused in one sentence", () =>
  inFolder((outer) =>
    Effect.runPromise(Effect.scoped(Effect.gen(function* () {
      const { prepared: { plan, screen, date } } = yield* prepareTiny({ folder: outer });
      const place = yield* openWork(queueIn(outer), QUICK);
      const record: RunRecord = {
        ...{ version: "0.0.0", config: plan.config, date, probe: "", passTokens: 1, mixed: null },
        fingerprint: "a".repeat(64),
      };
      const bytes = new TextEncoder().encode(JSON.stringify(record));
      yield* place.queue.begin(yield* place.blobs.put([bytes]));
      const { message } = yield* Effect.flip(nextRun(place, screen));
      strictEqual(
        message,
        "Cannot work for this run as trainer and workers must be of one version: they are 0.0.0 and " +
          project.version,
      );
    })))
  ));

Deno.test("a worker that renders another prompt is refused in one sentence", () =>
  inFolder(async (outer) => {
    const queue = queueIn(outer);
    const folder = `${outer}/run`;
    await Deno.mkdir(folder);
    const prompt = (text: string) => lenientProtocol.prompt(`${text} `);
    const task = { ...tinyTask, protocol: { ...lenientProtocol, prompt } };
    const program = Effect.gen(function* () {
      const trainer = yield* Effect.forkChild(trainTiny({ ...OPTIONS, folder, queue }));
      const worker = yield* Effect.exit(workTiny(queue, { ...OPTIONS, task }));
      yield* Fiber.join(trainer);
      return worker;
    });
    const exit = await Effect.runPromise(Effect.timeout(program, "60 seconds"));
    ok(Exit.isFailure(exit));
    match(
      String(Cause.squash(exit.cause)),
      /^BadInput: Cannot work for this run as prompts and log-probs must be the trainer's to the bit/,
    );
  }));

Deno.test("a trainer that is stopped goes on to the same folder, with a worker that stays", () =>
  inFolder(async (outer) => {
    const folder = `${outer}/run`;
    await Deno.mkdir(folder);
    const queue = queueIn(outer);
    const program = Effect.gen(function* () {
      let isBegun = false;
      const print = (text: string) => Effect.sync(() => void (isBegun ||= /^step +1/i.test(text)));
      yield* Effect.forkChild(workTiny(queue, OPTIONS));
      const first = yield* Effect.forkChild(trainTiny({ ...OPTIONS, folder, queue, print }));
      while (!isBegun) yield* Effect.sleep("5 millis");
      yield* Fiber.interrupt(first);
      yield* trainTiny({ ...OPTIONS, folder, queue, isResumed: true });
    });
    await Effect.runPromise(Effect.timeout(program, "60 seconds"));
    deepStrictEqual(differences(await contentsOf(folder), alone), []);
  }));

Deno.test("what depends on time or is counted by each worker is refused", async () => {
  await inFolder(async (folder) => {
    const queue = queueIn(folder);
    const exit = await Effect.runPromiseExit(
      trainTiny({ folder, queue, recipe: { waitForShare: 0.5 } }),
    );
    ok(Exit.isFailure(exit));
    match(String(Cause.squash(exit.cause)), /with --queue as waitForShare must be 1: it is 0.5$/);
  });
});

Deno.test("one trainer at a time has a queue", () =>
  inFolder(async (outer) => {
    const queue = queueIn(outer);
    for (const name of ["a", "b"]) await Deno.mkdir(`${outer}/${name}`);
    const both = ["a", "b"].map((name) =>
      Effect.exit(trainTiny({ ...OPTIONS, folder: `${outer}/${name}`, queue }))
    );
    const exits = await Effect.runPromise(Effect.all(both, { concurrency: 2 }));
    const failed = exits.filter(Exit.isFailure);
    strictEqual(failed.length, 1);
    ok(!(Cause.squash(failed[0]!.cause) instanceof JobFailed));
    match(String(Cause.squash(failed[0]!.cause)), /one run at a time may do so/);
  }));
