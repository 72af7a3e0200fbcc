// deno-lint-ignore-file no-console
/** The module for browsers and its page, in Chromium and in Node; tests/chromium has what takes a minute. */
import { deepStrictEqual, match, notDeepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { Effect } from "effect";
import { command } from "../../driver/command.ts";
import type { EpisodeRecord } from "../../src/domain/episode_record.ts";
import { IMPORTERS } from "../../src/traces/import_document.ts";
import type { Numbers } from "../support/browser_numbers.ts";
import { findChromium } from "../support/chromium.ts";
import {
  bundled,
  closeTo,
  deno,
  numbersOfDeno,
  sameNumbers,
  seenBy,
  SITE,
} from "../support/page_in_chromium.ts";
import { hasNode24 } from "../support/runtimes.ts";
import { filesBelow } from "../support/source_graph.ts";
import { writeTinyModel } from "../support/tiny_run.ts";

const ignore = await findChromium() === null;

const hasNode = await hasNode24();

Deno.test({
  name: "Node 24 computes the log-probs that Deno computes, by Dawn or by plain loops",
  ignore: !hasNode,
  fn: async () => {
    await deno("install", "--quiet", "--frozen", "--config", "bench/compilers/deno.json");
    const script = `node bench/compilers/numbers.mjs "${await bundled()}" checkpoints/spoiled`;
    const { stdout } = await command("sh", { args: ["-c", script], stderr: "inherit" }).output();
    const found: Numbers = JSON.parse(new TextDecoder().decode(stdout));
    sameNumbers(found, await numbersOfDeno());
    console.log(`Node 24 computed on ${found.adapter}`);
  },
});

Deno.test({
  name: "the page trains: F1 rises, nothing is asked elsewhere, and a reload goes on",
  ignore,
  fn: async () => {
    const seen = await seenBy("train");
    deepStrictEqual([seen.foreign, seen.errors], [[], []]);
    const f1: ReadonlyArray<number> = seen.curves.map(([igpo]: ReadonlyArray<number>) => igpo);
    ok(f1.at(-1)! - f1[0]! > 0.15, `F1 ${f1.join()}`);
    deepStrictEqual(seen.kept.slice(0, f1.length), seen.curves);
    // How long it takes is the machine's, and what else runs on it.
    console.log(`Both agents had done a step ${seen.firstStepSeconds.toFixed(1)} s after opening`);
  },
});

Deno.test({
  name: "the page shows beliefs, and how they move when a result is edited",
  ignore,
  fn: async () => {
    const seen = await seenBy("answer");
    deepStrictEqual([seen.foreign, seen.errors], [[], []]);
    ok(seen.before.length > 1);
    strictEqual(seen.after[0], seen.before[0]);
    notDeepStrictEqual(seen.after[1], seen.before[1]);
  },
});

/** Belief, gain and both other credits of each turn, as `./igpo credit` computes them by plain loops. */
async function creditedByProgram(...args: ReadonlyArray<string>) {
  const out = `${await Deno.makeTempDir()}/out.jsonl`;
  const flags = ["--out", out, "--device", "cpu"];
  await deno("run", "--quiet", "--allow-all", "src/cli/cli.ts", "credit", ...args, ...flags);
  const lines = (await Deno.readTextFile(out)).trimEnd().split("\n");
  return lines.flatMap((line) => {
    const { turns }: EpisodeRecord = JSON.parse(line);
    const rows = turns.map(({ gain, credits = {} }, t) =>
      [exp(turns[t + 1]?.belief), gain, credits["leave-one-out"], credits["swapped"]]
        .filter((value) => typeof value === "number")
    );
    return [[exp(turns[0]!.belief)!], ...rows];
  });
}

const exp = (belief: number | null | undefined) =>
  typeof belief === "number" ? Math.exp(belief) : null;

Deno.test({
  name: "the page credits traces as the program does, by its own model and by one that is given",
  ignore,
  fn: async () => {
    const [folder, traces] = [await Deno.makeTempDir(), "docs/examples/traces.jsonl"];
    const [model, other] = [`${folder}/model`, `${folder}/other.json`];
    await Effect.runPromise(writeTinyModel(model));
    await Deno.writeTextFile(other, `{"hello": "world"}`);
    const seen = await seenBy("credit", { paths: [traces, model, folder] });
    deepStrictEqual([seen.foreign, seen.errors], [[], []]);
    match(seen.builtIn.table, /^plain +2 +8 +6 +6 +2 +0 +0$/m);
    for (
      const [found, wanted] of [
        [seen.builtIn.rows, await creditedByProgram(traces)],
        [seen.given.rows, await creditedByProgram(traces, "--model", model)],
      ]
    ) {
      deepStrictEqual(lengths(found), [1, 4, 4, 4, 4, 0, 1, 4, 4, 0]);
      deepStrictEqual(lengths(found), lengths(wanted));
      closeTo(found.flat(), wanted.flat(), "number");
    }
    const tried = IMPORTERS.map(({ name, misses }) => `${name}: ${misses({ hello: "world" })}`);
    strictEqual(
      seen.refusal,
      `Cannot import "${folder.split("/").at(-1)}/other.json" as it must have a known format: ${
        tried.join("; ")
      }`,
    );
  },
});

const lengths = (rows: ReadonlyArray<ReadonlyArray<number>>) => rows.map(({ length }) => length);

Deno.test("the page has 2 MB at most without the model", async () => {
  await deno("task", "--quiet", SITE);
  const paths = await filesBelow(SITE, "");
  const sizes = await Promise.all(
    paths.filter((path) => !path.startsWith(`${SITE}/model/`)).map(async (path) =>
      (await Deno.stat(path)).size
    ),
  );
  const bytes = sizes.reduce((sum, size) => sum + size, 0);
  ok(bytes > 1000 && bytes <= 2e6, `${bytes} bytes`);
});
