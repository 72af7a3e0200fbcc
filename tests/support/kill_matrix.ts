/** Short runs whose disk goes wrong at a chosen change, and what their folders hold in the end. */
import { Cause, Effect, Exit, Fiber } from "effect";
import { pathExists } from "../../src/files/disk.ts";
import { CONFIG_FILE, createRunFolder, lockRunFolder } from "../../src/files/run_folder.ts";
import { EPISODES_FOLDER } from "../../src/files/run_episodes.ts";
import { SHARDS_FILE } from "../../src/queue/shared_record.ts";
import { WORKERS_FILE } from "../../src/queue/work_record.ts";
import { PRESETS } from "../../src/igpo/presets.ts";
import { METRICS_FILE } from "../../src/report/metrics.ts";
import { SUMMARY_FILE } from "../../src/report/summary.ts";
import { breakDisk, type Change, type DiskFault, readTree } from "./faulty_disk.ts";
import { inFolder, metricsOf, type TinyRun, trainTiny } from "./tiny_run.ts";

/** A run to be broken. */
export type ShortRun = Pick<TinyRun, "recipe" | "preset">;

/** Two steps of two episodes, with a checkpoint after each. */
export const SHORT = {
  steps: 2,
  promptsPerStep: 1,
  groupSize: 2,
  maxTurns: 2,
  maxNewTokens: 6,
  evaluateEvery: 2,
  checkpointEvery: 1,
} as const satisfies TinyRun["recipe"];

/** The same, where only the last checkpoint is kept. */
export const SHORT_ONE = { ...SHORT, checkpointEvery: 0 } as const;

/** Three steps, of which two are stale, and checkpoints that hold the weights that play the next one. */
export const SHORT_STALE: ShortRun = {
  recipe: { ...SHORT, steps: 3 },
  preset: {
    ...PRESETS["paper-v2"]!,
    name: "stale",
    // The entropy bonus moves the weights although an untrained model gets no rewards.
    entropy: { coefficient: 0.1 },
    staleness: { steps: 1, weightBound: 2 },
  },
};

/** A run as the command line makes it: a new one, or with `--resume` where its folder holds one. */
const runOrResume = (folder: string, run: ShortRun) =>
  Effect.scoped(Effect.gen(function* () {
    const isResumed = yield* pathExists(`${folder}/${CONFIG_FILE}`);
    if (!isResumed) yield* createRunFolder(folder);
    yield* lockRunFolder(folder);
    return yield* trainTiny({ ...run, folder, isResumed });
  }));

/** How a run ended. `Dead` is what a killed process leaves: nothing of it runs any more. */
export interface Ended {
  readonly how: "Done" | "Failed" | "Dead";
  /** Of a failure. */
  readonly message: string;
  readonly changes: ReadonlyArray<Change>;
}

/** Runs or resumes in a folder on a disk with a fault. A signal stops the run as Ctrl-C does. */
export async function runWithFault(
  folder: string,
  fault: DiskFault | null,
  run: ShortRun = { recipe: SHORT },
): Promise<Ended> {
  const dead = Promise.withResolvers<"Dead">();
  const fiber = Effect.runFork(
    Effect.andThen(Effect.yieldNow, runOrResume(folder, run)),
  );
  const onFault = () => {
    if (fault?.how === "signal") fiber.interruptUnsafe();
    else dead.resolve("Dead");
  };
  const { changes, restore } = breakDisk(fault, onFault);
  try {
    const exit = await Promise.race([dead.promise, Effect.runPromise(Fiber.await(fiber))]);
    if (exit === "Dead") return { how: "Dead", message: "", changes };
    if (Exit.isSuccess(exit)) return { how: "Done", message: "", changes };
    return { how: "Failed", message: String(Cause.squash(exit.cause)), changes };
  } finally {
    restore();
  }
}

/** What a run's folder holds, by path; timings are left out. */
export async function contentsOf(folder: string): Promise<Readonly<Record<string, string>>> {
  // Who did what depends on the machine, and is there only where a run had a queue.
  const theirs = [`/${WORKERS_FILE}`, `/${SHARDS_FILE}`];
  const tree = [...readTree(folder)].filter(([rest]) => !theirs.includes(rest));
  const contents = await Promise.all(tree.map(async ([rest, bytes]) => {
    const path = rest.slice(1);
    if (bytes === null) return [path, "a folder"];
    if (path === METRICS_FILE) return [path, (await metricsOf(folder)).join("\n")];
    const text = new TextDecoder("latin1").decode(bytes);
    if (path.startsWith(EPISODES_FOLDER)) return [path, withoutSeconds(text)];
    return [path, path === SUMMARY_FILE ? text.replaceAll(/"\w+Seconds": .*/g, "") : text];
  }));
  return Object.fromEntries(contents.sort(([a], [b]) => a! < b! ? -1 : 1));
}

/** Lines of JSON without the times of episodes and tools. */
function withoutSeconds(lines: string): string {
  return lines.trim().split("\n").map((line) =>
    JSON.stringify(JSON.parse(line, (name, value) => name === "seconds" ? null : value))
  ).join("\n");
}

/** The paths at which two folders differ. */
export function differences(
  got: Readonly<Record<string, string>>,
  want: Readonly<Record<string, string>>,
): ReadonlyArray<string> {
  const paths = new Set([...Object.keys(want), ...Object.keys(got)]);
  return [...paths].filter((path) => got[path] !== want[path]);
}

/** What a run that never stopped leaves, and the changes of the disk that it makes. */
export const unbroken = (run: ShortRun) =>
  inFolder(async (outer) => {
    const folder = `${outer}/run`;
    const { changes } = await runWithFault(folder, null, run);
    return { contents: await contentsOf(folder), changes };
  });

/** Runs with one fault after the other, then resumes without one; answers with what is not as in `want`. */
export const broken = (
  faults: ReadonlyArray<DiskFault>,
  want: Readonly<Record<string, string>>,
  run: ShortRun,
) =>
  inFolder(async (outer) => {
    const folder = `${outer}/run`;
    const ends: Array<Ended> = [];
    for (const fault of faults) ends.push(await runWithFault(folder, fault, run));
    const last = await runWithFault(folder, null, run);
    const left = last.how === "Done" ? differences(await contentsOf(folder), want) : [last.message];
    return { ends, left };
  });
