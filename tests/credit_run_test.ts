/** `./igpo credit` at the command line: records, tables, refusals, and nothing half-written. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { Effect } from "effect";
import { command } from "../driver/command.ts";
import { decodeEpisode } from "../src/domain/episode_record.ts";
import { inFolder, writeTinyModel } from "./support/tiny_run.ts";

async function credit(...args: ReadonlyArray<string>) {
  const { code, stdout, stderr } = await command("deno", {
    args: [
      ...["run", "--no-prompt", "--quiet", "--allow-read", "--allow-write", "--allow-env"],
      ...["src/cli/cli.ts", "credit", "--device", "cpu", ...args],
    ],
    env: { NO_COLOR: "1" },
  }).output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: decode(stdout), stderr: decode(stderr) };
}

const search = (query: string, result: string) => ({
  calls: [{ name: "web_search", arguments: { query: [query] }, result }],
});
const runs = [
  {
    question: "Who founded Tarn?",
    golds: ["Ada"],
    turns: [search("Tarn", "Ada founded Tarn."), { text: "Ada" }],
  },
  { question: "Where is Dildek?", turns: [search("Dildek", "It lies north."), { text: "north" }] },
];
const lines = runs.map((run) => JSON.stringify(run)).join("\n");

Deno.test("igpo credit writes a record for each trace, and numbers where there is a gold answer", () =>
  inFolder(async (folder) => {
    await Effect.runPromise(writeTinyModel(`${folder}/model`));
    const [logs, out] = [`${folder}/runs.jsonl`, `${folder}/out.jsonl`];
    await Deno.writeTextFile(logs, `${lines}\n{"question":`);
    const model = ["--model", `${folder}/model`];
    const { code, stdout, stderr } = await credit(logs, "--out", out, ...model);
    deepStrictEqual([code, stderr], [0, ""]);
    match(stdout, /^plain +2 +4 +2 +2 +1 +0 +0$/m);
    match(stdout, /^Refused runs\.jsonl: .* in row 3 it must be JSON/m);
    match(stdout, /^ +1 +web_search Tarn( +[-+]?\d\.?\d*(e-\d+)?){3,4}( +uncertain)?$/m);
    match(stdout, /^ {2}no gold answer, so that nothing is measured$/m);
    match(stdout, /^1 of 2 traces have numbers\./m);
    const rows = (await Deno.readTextFile(out)).trimEnd().split("\n").map((row) => JSON.parse(row));
    const records = await Promise.all(
      rows.map((row) => Effect.runPromise(decodeEpisode(row, "a row"))),
    );
    deepStrictEqual(records.map(({ goldLogProb }) => goldLogProb.length), [2, 0]);
    deepStrictEqual(records.map(({ dropped }) => dropped), [
      null,
      "no gold answer, so that nothing is measured",
    ]);
    const { gain, credits } = records[0]!.turns[0]!;
    ok(gain !== null && credits !== undefined);
    deepStrictEqual(Object.keys(credits), ["leave-one-out", "swapped"]);
    ok(Object.values(credits).every((value) => value !== null));

    const golds = `${folder}/golds.jsonl`;
    const known = { question: "Where is Dildek?", answers: ["north"] };
    await Deno.writeTextFile(golds, JSON.stringify(known));
    const more = ["--questions", golds, "--credits", "none"];
    const again = await credit(logs, "--out", out, ...model, ...more);
    match(again.stdout, /^2 of 2 traces have numbers\./m);
  }));

Deno.test("the README shows what its example prints", () =>
  inFolder(async (folder) => {
    const { stdout } = await credit("docs/examples/traces.jsonl", "--out", `${folder}/out.jsonl`);
    const readme = await Deno.readTextFile("README.md");
    const [, shown] = /credit docs\/examples[^]*?```text\n([^]*?)```/.exec(readme)!;
    ok(stdout.includes(shown!), stdout);
  }));

Deno.test("igpo credit leaves no file where it fails", () =>
  inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/runs.jsonl`, lines);
    const out = `${folder}/none/out.jsonl`;
    const { code, stderr } = await credit(`${folder}/runs.jsonl`, "--out", out);
    strictEqual(code, 2);
    match(stderr, /^Cannot write ".*": there is no such file\n$/);
    const left = await Array.fromAsync(Deno.readDir(folder), ({ name }) => name);
    deepStrictEqual(left, ["runs.jsonl"]);
  }));

const refusals: ReadonlyArray<readonly [string, ReadonlyArray<string>, RegExp]> = [
  ["{}", ["--out", "o"], /^Cannot import "logs\.json" as it must have a known format: igpo: no /],
  ["{", ["--out", "o"], /^Cannot read ".*logs\.json" as it must be JSON: /],
  [lines.split("\n")[0]!, [], /^Cannot credit turns without --out: it names the file of /],
  [
    lines.split("\n")[0]!,
    ["--out", "o", "--preset", "grpo"],
    /^Cannot credit turns as the preset /,
  ],
  [
    "{}",
    ["--out", "o", "--credits", "gain"],
    /^Cannot use --credits as it must be different names/,
  ],
];

for (const [text, flags, sentence] of refusals) {
  Deno.test(`igpo credit of ${text.slice(0, 20)} ${flags.join(" ")} is refused in one sentence`, () =>
    inFolder(async (folder) => {
      await Deno.writeTextFile(`${folder}/logs.json`, text);
      const { code, stderr } = await credit(`${folder}/logs.json`, ...flags);
      strictEqual(code, 2);
      match(stderr, sentence);
      strictEqual(stderr.trimEnd().split("\n").length, 1);
    }));
}
