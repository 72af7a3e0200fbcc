import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { command } from "../driver/command.ts";
import { inFolder } from "./support/tiny_run.ts";

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const CLI = new URL("../src/cli/cli.ts", import.meta.url).pathname;

const igpo = (...args: ReadonlyArray<string>) => igpoIn(Deno.cwd(), ...args);

/** A program that is called in a folder. */
async function igpoIn(folder: string, ...args: ReadonlyArray<string>): Promise<Outcome> {
  const { code, stdout, stderr } = await command("deno", {
    args: [
      "run",
      "--no-prompt",
      "--quiet",
      "--allow-read",
      "--allow-env",
      "--allow-write",
      CLI,
      ...args,
    ],
    cwd: folder,
    env: { NO_COLOR: "1" },
  }).output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: decode(stdout), stderr: decode(stderr) };
}

const refusals: ReadonlyArray<readonly [ReadonlyArray<string>, RegExp]> = [
  [["train", "--foo", "3"], /^Cannot run train as it has no flag --foo: known are --out, --seed, /],
  [["train", "--seed", "-1"], /^Cannot use --seed as it must be 0 or more: current value is "-1"/],
  [["train", "--search-price", "0,1"], /^Cannot use --search-price as it must be a number above 0/],
  [["evaluate", "--judge-model", ""], /^Cannot use --judge-model without a value: it takes NAME/],
  [["train", "--device", "tpu"], /^Cannot use --device as it must be "auto" .* value is "tpu"/],
  [
    ["train", "--serve-blobs", "127.0.0.1:80"],
    /^Cannot use --serve-blobs as it needs --queue: there is/,
  ],
  [["train", "--mixed"], /^Cannot use --mixed as it needs --queue: there is none/],
  [["train", "--blobs", "there"], /^Cannot use --blobs as it needs --queue: there is none/],
  [["train", "--out"], /^Cannot use --out without a value/],
  [["rollout", "--trainer", "verl"], /^Cannot roll out without --out: it names the folder of the /],
  [["rollout", "--out", "x"], /--trainer/],
  [
    ["rollout", "--trainer", "trl"],
    /^Cannot use --trainer as it must be "verl" \| "prime-rl": current/,
  ],
  [
    ["rollout", "--out", "x", "--trainer", "verl", "--ranks", "2"],
    /^Cannot use --ranks as verl cuts a batch by itself: it is 2/,
  ],
  [
    ["rollout", "--out", "x", "--trainer", "prime-rl", "--ranks", "0"],
    /^Cannot use --ranks as it must be 1 or more: current value is "0"/,
  ],
  [
    ["compare", "--presets", "grpo"],
    /^Cannot compare without two presets or more: --presets names 1/,
  ],
  [
    ["compare", "--presets", "grpo,rloo", "--seed", "4294967295", "--seeds", "2"],
    /^Cannot count --seeds up from --seed as the last seed must be below 2\^32: they are 2 and 4/,
  ],
  [
    ["compare", "--presets", "grpo,rloo,grpo"],
    /^Cannot compare presets as their names must differ: "grpo" stands twice/,
  ],
  [
    ["train", "--device", "cpu", "--model", "two\nlines"],
    /^Cannot find the model "two\\nlines" as it must be a folder, or ORG\/NAME of the Hugging Face /,
  ],
  [
    ["train", "--device", "cpu", "--model", "./two\nlines"],
    /^Cannot read the model configuration ".\/two lines\/config.json": there is no such file/,
  ],
  [["data"], /^Cannot run data without questions: /],
  [["data", "none.jsonl"], /^Cannot read "none.jsonl": there is no such file/],
  [["nope"], /^Cannot find the program "nope": known are train, pretrain, evaluate, compare/],
];

for (const [args, sentence] of refusals) {
  Deno.test(`igpo ${args.join(" ")} is refused in one sentence with exit code 2`, async () => {
    const { code, stdout, stderr } = await igpo(...args);
    strictEqual(code, 2);
    match(stderr, sentence);
    strictEqual(stderr.trimEnd().split("\n").length, 1);
    strictEqual(stdout, "");
  });
}

Deno.test("igpo data prints bad rows, says how many there are and exits with 1", async () => {
  const path = await Deno.makeTempFile({ suffix: ".jsonl" });
  await Deno.writeTextFile(path, '{"question":"Q?","answers":["a"]}\n{}\n{');
  const { code, stdout, stderr } = await igpo("data", path);
  await Deno.remove(path);
  strictEqual(code, 1);
  match(
    stdout,
    /in row 2 a question or a prompt must stand: current value is \{\}\n[^]*in row 3 it must be JSON/,
  );
  match(stderr, /^Cannot train on "[^"]*" as each row must be a question: 2 of 3 rows are not\n$/);
});

Deno.test("igpo train --resume goes on with the questions that the run began with, or not at all", () =>
  inFolder(async (folder) => {
    const rows = Array.from(
      { length: 20 },
      (_, i) => JSON.stringify({ question: `Who wrote${i} book${i}?`, answers: ["Ada"] }),
    );
    const [questions, run] = [`${folder}/q.jsonl`, `${folder}/run`];
    await Deno.writeTextFile(questions, rows.join("\n"));
    const tiny = { promptsPerStep: 1, groupSize: 2, maxTurns: 1, maxNewTokens: 4 };
    const counts = { evaluateEvery: 0, validationQuestions: 0, testQuestions: 1 };
    await Deno.writeTextFile(
      `${folder}/recipe.json`,
      JSON.stringify({ ...tiny, ...counts, steps: 1 }),
    );
    const data = ["--questions", "q.jsonl", "--search", "off", "--recipe", "./recipe.json"];
    await igpoIn(folder, "train", "--device", "cpu", ...data, "--out", "run");
    // Called in another folder, it goes on with the same files.
    const resumed = () => igpo("train", "--resume", run, "--steps", "2");

    await Deno.writeTextFile(questions, rows.slice(1).join("\n"));
    const changed = await resumed();
    strictEqual(changed.code, 2);
    match(
      changed.stderr,
      /^Cannot resume .* that it began with: there are others now in .*q\.jsonl\n$/,
    );

    await Deno.writeTextFile(questions, rows.join("\n"));
    const path = `${run}/config.json`;
    const { questionsDigest, ...older } = JSON.parse(await Deno.readTextFile(path));
    match(questionsDigest, /^[0-9a-f]{64}$/);
    await Deno.writeTextFile(path, JSON.stringify(older));
    match((await resumed()).stderr, /began with an older version, which split them otherwise\n$/);

    await Deno.writeTextFile(path, JSON.stringify({ ...older, questionsDigest }));
    strictEqual((await resumed()).code, 0);
  }));

Deno.test("igpo rollout counts steps on from those of its folder, on training questions alone", () =>
  inFolder(async (folder) => {
    const rows = Array.from(
      { length: 20 },
      (_, i) => JSON.stringify({ question: `Who wrote${i} book${i}?`, answers: ["Ada"] }),
    );
    await Deno.writeTextFile(`${folder}/q.jsonl`, rows.join("\n"));
    const sizes = { promptsPerStep: 2, groupSize: 2, maxTurns: 1, maxNewTokens: 4 };
    const recipe = { ...sizes, validationQuestions: 4, testQuestions: 4 };
    await Deno.writeTextFile(`${folder}/recipe.json`, JSON.stringify(recipe));
    const play = (...more: ReadonlyArray<string>) =>
      igpoIn(
        folder,
        ...["rollout", "--device", "cpu", "--out", "b", "--questions", "q.jsonl"],
        ...["--search", "off", "--recipe", "./recipe.json", ...more],
      );
    const first = await play("--trainer", "verl");
    match(first.stdout, /\nb\/step_1: 4 episodes, \d+ tokens, \d+ of them sampled\n/);
    strictEqual((await play("--trainer", "prime-rl", "--ranks", "2", "--steps", "2")).code, 0);
    const names = async (step: number) =>
      (await Array.fromAsync(Deno.readDir(`${folder}/b/step_${step}`), ({ name }) => name)).sort();
    deepStrictEqual(await names(1), ["batch.json", "batch.safetensors"]);
    for (const step of [2, 3]) {
      deepStrictEqual(await names(step), ["batch.json", "rank_0.bin", "rank_1.bin"]);
    }
    const about = await Promise.all(
      [1, 2, 3].map(async (step) =>
        JSON.parse(await Deno.readTextFile(`${folder}/b/step_${step}/batch.json`))
      ),
    );
    const asked = about.flatMap(({ episodes }) => episodes).map(({ question }) => question);
    // Three steps of two questions, each asked twice and none of them held out.
    strictEqual(new Set(asked).size, 6);
    strictEqual(asked.length, 12);
    strictEqual(new Set(about.map(({ config }) => config.questionsDigest)).size, 1);
    await Deno.writeTextFile(`${folder}/b/config.json`, "{}");
    match(
      (await play("--trainer", "verl")).stderr,
      /^Cannot start a run in a folder that holds one/,
    );
  }));

Deno.test("igpo train --help names every flag and succeeds", async () => {
  const { code, stdout } = await igpo("train", "--help");
  strictEqual(code, 0);
  const flags = ["out", "seed", "steps", "preset", "recipe", "config", "device", "resume"];
  for (const flag of [...flags, "model", "questions", "corpus"]) {
    match(stdout, new RegExp(`--${flag} `));
  }
});
