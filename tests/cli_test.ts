import { match, strictEqual } from "node:assert/strict";
import { command } from "../driver/command.ts";

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function igpo(...args: ReadonlyArray<string>): Promise<Outcome> {
  const { code, stdout, stderr } = await command("deno", {
    args: [
      "run",
      "--no-prompt",
      "--quiet",
      "--allow-read",
      "--allow-env",
      "src/cli/cli.ts",
      ...args,
    ],
    env: { NO_COLOR: "1" },
  }).output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: decode(stdout), stderr: decode(stderr) };
}

const refusals: ReadonlyArray<readonly [ReadonlyArray<string>, RegExp]> = [
  [["train", "--foo", "3"], /^Cannot run train as it has no flag --foo: known are --out, --seed, /],
  [["train", "--seed", "-1"], /^Cannot use --seed as it must be 0 or more: current value is "-1"/],
  [["train", "--device", "tpu"], /^Cannot use --device as it must be "auto" .* value is "tpu"/],
  [["train", "--out"], /^Cannot use --out without a value/],
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
    /^Cannot find the model "two lines" as it must be a folder, or ORG\/NAME of the Hugging Face /,
  ],
  [
    ["train", "--device", "cpu", "--model", "./two\nlines"],
    /^Cannot read the model configuration ".\/two lines\/config.json": there is no such file/,
  ],
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

Deno.test("igpo train --help names every flag and succeeds", async () => {
  const { code, stdout } = await igpo("train", "--help");
  strictEqual(code, 0);
  const flags = ["out", "seed", "steps", "preset", "recipe", "config", "device", "resume"];
  for (const flag of [...flags, "model", "questions", "corpus"]) {
    match(stdout, new RegExp(`--${flag} `));
  }
});
