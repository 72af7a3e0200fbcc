/**
 * Work is split by speed. The groups of one step are played by a trainer, three workers and a fourth whose searches take
 * three times as long. Groups spend nearly all of their time waiting for a search, so that two cores are enough. Prints
 * a table of docs/scale.md.
 */
import { ok, strictEqual } from "node:assert/strict";
import type { WorkRecord } from "../../src/queue/work_record.ts";
import { openRuns, slowSearch } from "../support/searching_runs.ts";
import { inFolder } from "../support/tiny_run.ts";

/** Seconds of a search; a client waits for 10 at most. */
const SECONDS = 2.5;
const SLOWER = 3;
const FAST = 3;
/**
 * While the slow worker plays its last group the others may have nothing to do, as long as three of their groups take at
 * most. So there must be many: by four fast processes and a slow one, 144 take as long as 33 groups of a fast one.
 */
const GROUPS = 144;
/** Share of the others' work that the slow one does: a third, within what one group more or less of some ten makes. */
const WANTED = { least: 0.22, most: 0.45 };
const MOST_IDLE = 0.1;
// Searches of a group follow each other, so that it waits for longer; what it computes is not slowed.
const RECIPE = { steps: 1, promptsPerStep: GROUPS, toolConcurrency: 1 };

/** The name that a worker prints; its output is read until it ends. */
async function nameOf({ stdout }: Deno.ChildProcess): Promise<string | undefined> {
  let name: string | undefined;
  for await (const text of stdout.pipeThrough(new TextDecoderStream())) {
    name ??= /^Working as (\S+)$/m.exec(text)?.[1];
  }
  return name;
}

/** The line of a step, as soon as its last group is there. The update after it is not waited for. */
async function workOf(out: string, trainer: Deno.ChildProcess): Promise<WorkRecord> {
  let isOver = false;
  void trainer.status.then(() => isOver = true);
  while (!isOver) {
    const line = await Deno.readTextFile(`${out}/workers.jsonl`).catch(() => "");
    if (line.endsWith("\n")) return JSON.parse(line);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  throw new Error("The trainer ended before its step was played");
}

const percent = (share: number) => `${(100 * share).toFixed(1)} %`;

const say = (...cells: ReadonlyArray<string | number>) =>
  Deno.stdout.writeSync(new TextEncoder().encode(`| ${cells.join(" | ")} |\n`));

Deno.test("a worker that is three times slower does a third of the others' work, and they are not idle", () =>
  inFolder(async (folder) => {
    await using fast = slowSearch("127.0.0.1", () => SECONDS);
    await using slow = slowSearch("127.0.0.1", () => SLOWER * SECONDS);
    const runs = await openRuns(folder, fast.url, RECIPE);
    const queue = ["--queue", `sqlite:${folder}/queue.sqlite`];
    const slowWorker = (await openRuns(folder, slow.url, RECIPE, "piped")).worker(null, ...queue);
    const name = nameOf(slowWorker);
    const workers = Array.from({ length: FAST }, () => runs.worker(null, ...queue));
    const out = `${folder}/run`;
    const trainer = runs.trainer(out, ...queue);
    const work = await workOf(out, trainer).finally(async () => {
      for (const child of [trainer, slowWorker, ...workers]) {
        try {
          child.kill("SIGKILL");
        } catch {
          // It has ended.
        }
        await child.status;
      }
    });
    const slowName = await name;
    const others = work.each.filter(({ worker }) => worker !== slowName);
    const own = work.each.find(({ worker }) => worker === slowName)!;
    say("process", "groups", "seconds a group", "idle");
    say("---", "---", "---", "---");
    [own, ...others].forEach(({ groups, idleShare }, i) => {
      const seconds = work.seconds * (1 - idleShare) / groups;
      say(i === 0 ? "slow worker" : `worker ${i}`, groups, seconds.toFixed(1), percent(idleShare));
    });
    say("trainer", work.here, "", "");
    strictEqual(work.here + work.elsewhere, GROUPS);
    strictEqual(others.length, FAST);
    strictEqual(work.repeats, 0);
    const share = own.groups * FAST / others.reduce((sum, { groups }) => sum + groups, 0);
    say("slow worker over another", percent(share), `step: ${work.seconds.toFixed(0)} s`, "");
    ok(WANTED.least < share && share < WANTED.most);
    for (const { idleShare } of others) ok(idleShare < MOST_IDLE);
  }));
