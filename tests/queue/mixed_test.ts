/** A trainer on an adapter, here in software, and a worker of plain loops: their log-probs have other bits. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { Cause, Effect, Exit } from "effect";
import { WORKERS_FILE, type WorkRecord } from "../../src/queue/work_record.ts";
import { openMachine } from "../../src/run/machine.ts";
import { weightsInMemory } from "../../src/model/weight_source.ts";
import {
  inFolder,
  tinyModel,
  tinyModelWeights,
  type TinyRun,
  trainTiny,
  workTiny,
} from "../support/tiny_run.ts";

const OPTIONS: Omit<TinyRun, "folder"> = {
  recipe: { steps: 3, promptsPerStep: 6, evaluateEvery: 0 },
};

interface Line {
  readonly type: string;
  readonly logProbGap: number;
  readonly replacedLogProbs: number;
}

async function linesOf<A>(path: string): Promise<ReadonlyArray<A>> {
  const text = await Deno.readTextFile(path);
  return text.trimEnd().split("\n").map((line): A => JSON.parse(line));
}

/** Trains on an adapter beside a worker; answers with how the worker ended, if it did, and what was said and left. */
const beside = (
  { mixed, ...worker }: Omit<TinyRun, "folder"> & { readonly mixed: boolean },
) =>
  inFolder(async (outer) => {
    const folder = `${outer}/run`;
    await Deno.mkdir(folder);
    const queue = { queue: `sqlite:${outer}/queue.sqlite`, blobs: null, mixed };
    const said: string[] = [];
    const done: string[] = [];
    const program = Effect.gen(function* () {
      const machine = yield* openMachine("gpu");
      const help = yield* Effect.forkChild(workTiny(queue, {
        ...OPTIONS,
        ...worker,
        print: (text) => Effect.sync(() => void done.push(text)),
      }));
      const print = (text: string) => Effect.sync(() => void said.push(text));
      yield* trainTiny({ ...OPTIONS, machine, folder, queue, print });
      return help.pollUnsafe();
    });
    const exit = await Effect.runPromise(Effect.timeout(Effect.scoped(program), "100 seconds"));
    const steps = (await linesOf<Line>(`${folder}/metrics.jsonl`))
      .filter(({ type }) => type === "step");
    return {
      exit,
      said,
      done,
      steps,
      work: await linesOf<WorkRecord>(`${folder}/${WORKERS_FILE}`),
    };
  });

const refusalOf = (exit: Exit.Exit<unknown, unknown> | undefined) =>
  exit !== undefined && Exit.isFailure(exit) ? String(Cause.squash(exit.cause)) : "none";

Deno.test("a worker of plain loops helps a trainer on an adapter with --mixed, and both say what that gives up", async () => {
  const { exit, said, done, steps, work } = await beside({ mixed: true });
  strictEqual(refusalOf(exit), "none");
  ok(work.some(({ elsewhere }) => elsewhere > 0));
  const givenUp = /the run is not that of one process to the byte$/;
  ok(
    said.some((text) =>
      text.includes("\nThose of other adapters may, too: ") && givenUp.test(text)
    ),
  );
  match(
    done.find((line) => givenUp.test(line)) ?? "",
    /^Mixed: log-probs differ from the trainer's by up to [1-9]\.\de-[4-9] nats; /,
  );
  strictEqual(steps.length, 3);
  for (const { logProbGap, replacedLogProbs } of steps) {
    ok(logProbGap < 1e-3 && replacedLogProbs === 0);
  }
  const largest = steps.map(({ logProbGap }, i) =>
    `step ${i + 1}: log-probs of what sampled it are up to ${
      logProbGap.toExponential(1)
    } nats from the trainer's`
  );
  deepStrictEqual(said.filter((line) => line.includes("what sampled it")), largest);
  // What the worker sampled is off by its rounding; the trainer's own is not.
  ok(steps.some(({ logProbGap }) => logProbGap > 1e-8));
});

Deno.test("without --mixed that worker is refused, and told of it", async () => {
  const { exit, work } = await beside({ mixed: false });
  match(
    refusalOf(exit),
    /^BadInput: Cannot work for this run as prompts and log-probs .*; train --mixed lets other devices in$/,
  );
  ok(work.every(({ elsewhere }) => elsewhere === 0));
});

Deno.test("a worker of another model is refused with --mixed too", async () => {
  const others = new Map(
    [...tinyModelWeights].map(([name, values]) => [name, values.map((x) => 2 * x)]),
  );
  const { exit, work } = await beside({
    mixed: true,
    model: { ...tinyModel, weights: weightsInMemory(others) },
  });
  match(
    refusalOf(exit),
    /^BadInput: Cannot work for this run as log-probs must be the trainer's within 0.1 nats a token: they differ by /,
  );
  ok(work.every(({ elsewhere }) => elsewhere === 0));
});
