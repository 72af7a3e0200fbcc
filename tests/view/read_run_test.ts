import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { Effect } from "effect";
import { findRuns, readRun, readStep, type Viewed } from "../../src/view/read_run.ts";
import { writePage } from "../../src/view/write_page.ts";
import { inFolder, trainTiny } from "../support/tiny_run.ts";

const run = Effect.runPromise;

function tinyRun(use: (viewed: Viewed) => Promise<void>): Promise<void> {
  return inFolder(async (path) => {
    await run(trainTiny({ folder: path, recipe: { steps: 2, evaluateEvery: 0 } }));
    await use({ path, name: "tiny", kind: "run" });
  });
}

Deno.test("findRuns() refuses what holds no run in one sentence", () =>
  inFolder(async (path) => {
    const refusal = (given: string) => run(Effect.flip(findRuns([given])));
    match(
      (await refusal(path)).message,
      /^Cannot view ".*" as it must be the folder of a run, .*[^.]$/,
    );
    match((await refusal(`${path}/missing`)).message, /^Cannot view /);
    match((await refusal(`${path}/missing.jsonl`)).message, /there is no such file$/);
  }));

Deno.test("findRuns() finds the runs of a comparison, with names that tell them apart", () =>
  inFolder(async (path) => {
    for (const name of ["sparse/grpo-seed0", "mixed/grpo-seed0"]) {
      await Deno.mkdir(`${path}/${name}`, { recursive: true });
      await Deno.writeTextFile(`${path}/${name}/metrics.jsonl`, "");
    }
    const found = await run(findRuns([`${path}/`]));
    deepStrictEqual(found.map(({ name }) => name), ["mixed/grpo-seed0", "sparse/grpo-seed0"]);
  }));

Deno.test("a run that is being written is shown as far as it goes", () =>
  tinyRun(async (viewed) => {
    const file = `${viewed.path}/metrics.jsonl`;
    await Deno.writeTextFile(file, '{"type":"step","step":3,"f1":', { append: true });
    const { metrics, notes } = await run(readRun(viewed));
    deepStrictEqual(metrics.map(({ step }) => step), [1, 2]);
    strictEqual(notes.length, 1);
    match(notes[0]!, /metrics\.jsonl" from row \d+ on, as it ends in the middle of it$/);
  }));

Deno.test("a truncated file of episodes is shown as far as it goes, with a sentence", () =>
  tinyRun(async (viewed) => {
    const file = `${viewed.path}/episodes/step-1.jsonl`;
    const text = await Deno.readTextFile(file);
    await Deno.writeTextFile(file, text.slice(0, Math.floor(text.length / 2)));
    const { records, notes } = await run(readStep(viewed, 1));
    ok(records.length > 0 && records.length < 6);
    match(
      notes.join(),
      /^Cannot read ".*step-1\.jsonl" from row \d on, as it ends in the middle of it$/,
    );
  }));

Deno.test("episodes that are none are named with their rows", () =>
  tinyRun(async (viewed) => {
    const file = `${viewed.path}/episodes/step-1.jsonl`;
    const text = await Deno.readTextFile(file);
    await Deno.writeTextFile(file, text.replace('"sample":1', '"sample":"one"'));
    const { records, notes } = await run(readStep(viewed, 1));
    strictEqual(records.length, 1);
    match(
      notes.join(),
      /^Cannot read row 2 of ".*" as field "sample" must be .*: current value is "one"$/,
    );
    const missing = await run(readStep(viewed, 9));
    match(missing.notes.join(), /step-9\.jsonl": there is no such file$/);
  }));

Deno.test("a run without a readable configuration keeps its curves", () =>
  tinyRun(async (viewed) => {
    await Deno.writeTextFile(`${viewed.path}/config.json`, "{");
    const { metrics, preset, notes } = await run(readRun(viewed));
    deepStrictEqual([metrics.length, preset], [2, null]);
    match(notes.join(), /^Cannot read the configuration of a run ".*" as it must be JSON: /);
  }));

Deno.test("a page on disk holds its data as inert text, whatever the model wrote", () =>
  tinyRun(async (viewed) => {
    const hostile = "</script><script>alert(1)</script><img src=x onerror=alert(2)><!--";
    const file = `${viewed.path}/episodes/step-1.jsonl`;
    const lines = (await Deno.readTextFile(file)).trimEnd().split("\n");
    const changed = lines.map((line) => {
      const record = JSON.parse(line);
      record.transcript[0].text = hostile;
      record.question.text = hostile;
      return JSON.stringify(record);
    });
    await Deno.writeTextFile(file, `${changed.join("\n")}\n`);
    const page = `${viewed.path}/page.html`;
    match(
      await run(writePage([{ ...viewed, name: hostile }], page)),
      /page\.html \(\d.* kB\), one file$/,
    );
    const html = await Deno.readTextFile(page);
    ok(!html.includes("<img") && !html.includes("alert(1)</script>"));
    // The program, the runs, and the numbers and texts of two steps.
    strictEqual(html.match(/<script/g)?.length, 6);
    match(html, /script-src 'sha256-[A-Za-z0-9+/=]{44}'; connect-src 'none'/);
    const part = (id: string) => {
      const bytes = Uint8Array.fromBase64(
        html.split(`id="${id}">`)[1]!.split("</script>")[0]!,
      );
      const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
      return new Response(stream).json();
    };
    const [{ records }, texts] = [await part("igpo-step-0-1"), await part("igpo-texts-0-1")];
    strictEqual(records[0].question.text, hostile);
    strictEqual(records[0].transcript, undefined);
    strictEqual(JSON.parse(texts[0])[0].text, hostile);
  }));
