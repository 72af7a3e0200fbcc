/**
 * Every change of the disk that a short run makes goes wrong in every way; the run then goes on, and its folder must be
 * the unbroken run's to the byte. In one process a dead program is one whose calls never return. The last test kills
 * processes: KILLED says how many of each sort. CUTS says after how many bytes of each write a disk becomes full.
 */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { Clock, Effect } from "effect";
import { command } from "../../driver/command.ts";
import { createRandom } from "../../src/math/random.ts";
import type { DiskFault } from "../support/faulty_disk.ts";
import {
  broken,
  contentsOf,
  differences,
  SHORT,
  SHORT_ONE,
  SHORT_STALE,
  type ShortRun,
  unbroken,
} from "../support/kill_matrix.ts";
import { inFolder, metricsOf, trainTiny, writeTinyModel } from "../support/tiny_run.ts";

const KILLED = Number(Deno.env.get("KILLED") ?? 12);
/** Places at which a full disk cuts a write: all of a write of no more bytes, else so many, evenly spread. */
const CUTS = Number(Deno.env.get("CUTS") ?? 16);
const random = createRandom([7, 7]);

/** What was tried, for the report. */
const tried = new Map<string, number>();
globalThis.addEventListener("unload", () => {
  const lines = [...tried].map(([what, count]) => `${count} ${what}`);
  Deno.stdout.writeSync(new TextEncoder().encode(`Equal folders: ${lines.join(", ")}\n`));
});

/** How many bytes of a write there is room for; none where nothing is written. */
function cutsOf(bytes: number): ReadonlyArray<number> {
  const count = bytes === 0 ? 0 : Math.min(bytes, CUTS) + 1;
  return Array.from({ length: count }, (_, i) => Math.round(i * bytes / (count - 1)));
}

const ENDINGS = ["before", "torn", "after", "power", "blank", "signal"] as const;
const REFUSALS = ["full", "readonly"] as const;

const RUNS: ReadonlyArray<readonly [string, ShortRun]> = [
  ["all checkpoints", { recipe: SHORT }],
  ["one checkpoint", { recipe: SHORT_ONE }],
  ["stale steps", SHORT_STALE],
];

for (const [name, run] of RUNS) {
  const { contents, changes } = await unbroken(run);

  const check = async (what: string, faults: ReadonlyArray<DiskFault>) => {
    const { ends, left } = await broken(faults, contents, run);
    deepStrictEqual(left, [], JSON.stringify(faults));
    tried.set(what, (tried.get(what) ?? 0) + 1);
    return ends;
  };

  for (const how of ENDINGS) {
    Deno.test(`${name}: a run that ends by "${how}" at any change goes on to the same folder`, async () => {
      for (const [at, { hasHalf }] of changes.entries()) {
        if (how === "torn" && !hasHalf) continue;
        await check(how, [{ at, how }]);
      }
    });
  }

  Deno.test(`${name}: a run that is ended twice goes on to the same folder`, async () => {
    for (let at = 0; at < changes.length; at++) {
      const [one, two] = [0, 1].map(() => ENDINGS[random.int(ENDINGS.length)]!);
      await check("double", [{ at, how: one! }, { at: random.int(changes.length), how: two! }]);
    }
  });

  /** A refused run says why in a sentence. */
  const checkRefused = async (what: string, fault: DiskFault) => {
    const [end] = await check(what, [fault]);
    if (end!.how === "Done") return;
    match(
      end!.message,
      /^BadInput: Cannot [^\n]*: (No space left on device .*|permission is denied)$/,
    );
  };

  for (const how of REFUSALS) {
    Deno.test(`${name}: a disk that becomes ${how} at any change ends a run with a sentence`, async () => {
      for (let at = 0; at < changes.length; at++) await checkRefused(how, { at, how });
    });
  }

  Deno.test(`${name}: a disk that becomes full after any byte of a write ends a run with a sentence`, async () => {
    for (const [at, { bytes }] of changes.entries()) {
      for (const cut of cutsOf(bytes)) {
        await checkRefused("full at a byte", { at, how: "full", bytes: cut });
      }
    }
  });
}

Deno.test("a clock that goes backwards changes no metric", () =>
  inFolder(async (folder) => {
    let millis = 1e12;
    const back = () => millis -= 3_600_000;
    const clock = Clock.Clock.of({
      currentTimeMillisUnsafe: back,
      currentTimeMillis: Effect.sync(back),
      currentTimeNanosUnsafe: () => BigInt(back()) * 1_000_000n,
      currentTimeNanos: Effect.sync(() => BigInt(back()) * 1_000_000n),
      monotonicTimeNanosUnsafe: () => BigInt(back()) * 1_000_000n,
      monotonicTimeNanos: Effect.sync(() => BigInt(back()) * 1_000_000n),
      sleep: () => Effect.void,
    });
    const run = trainTiny({ folder, recipe: SHORT });
    await Effect.runPromise(Effect.provideService(run, Clock.Clock, clock));
    ok(millis < 1e12 - 3_600_000);
    const { contents } = await unbroken({ recipe: SHORT });
    strictEqual((await metricsOf(folder)).join("\n"), contents["metrics.jsonl"]);
  }));

/** A run of the command line whose disk goes wrong as DISK_FAULT says. */
function igpo(fault: string, ...args: ReadonlyArray<string>): Promise<Deno.CommandOutput> {
  // Only a program that may run all programs may end itself by a signal.
  const permissions = ["--allow-read", "--allow-write", "--allow-env", "--allow-run"];
  return command("deno", {
    args: [
      ...["run", "--no-prompt", "--quiet", "--no-check", ...permissions],
      ...["--preload", "tests/support/dying_disk.ts", "src/cli/cli.ts", "train", ...args],
    ],
    env: { DISK_FAULT: fault },
    stdout: "piped",
    stderr: "piped",
  }).output();
}

Deno.test("programs that are killed at a change of the disk go on to the same folder", () =>
  inFolder(async (outer) => {
    await Effect.runPromise(writeTinyModel(`${outer}/model`));
    const recipe = { ...SHORT, contextTokens: 128, microBatchTokens: 256, lr: 1e-2 };
    await Deno.writeTextFile(`${outer}/recipe.json`, JSON.stringify(recipe));
    // The entropy bonus moves the weights although an untrained model gets no rewards.
    const preset = { base: "paper-v2", name: "restless", entropy: { coefficient: 0.1 } };
    await Deno.writeTextFile(`${outer}/preset.json`, JSON.stringify(preset));
    const start = (fault: string, out: string) =>
      igpo(
        fault,
        ...["--model", `${outer}/model`, "--recipe", `${outer}/recipe.json`, "--device", "cpu"],
        ...["--preset", `${outer}/preset.json`, "--out", out],
      );
    const never = "before:1000000";
    const whole = await start(never, `${outer}/whole`);
    strictEqual(whole.code, 0);
    const count = Number(/^(\d+) changes$/m.exec(new TextDecoder().decode(whole.stderr))![1]);
    const want = await contentsOf(`${outer}/whole`);
    for (const how of ["before", "torn", "after", "SIGTERM", "SIGINT"]) {
      for (let i = 0; i < KILLED; i++) {
        const out = `${outer}/${how}-${i}`;
        const at = random.int(count);
        const first = await start(`${how}:${at}`, out);
        const isSignal = how.startsWith("SIG");
        // A signal at one of the last changes comes too late.
        ok(isSignal ? [0, 130].includes(first.code) : first.signal === "SIGKILL", `${how}:${at}`);
        const hasBegun = await Deno.stat(`${out}/config.json`).then(() => true, () => false);
        const last = hasBegun ? await igpo(never, "--resume", out) : await start(never, out);
        strictEqual(last.code, 0, new TextDecoder().decode(last.stderr));
        deepStrictEqual(differences(await contentsOf(out), want), [], `${how}:${at}`);
        tried.set(`true ${how}`, (tried.get(`true ${how}`) ?? 0) + 1);
      }
    }
  }));
