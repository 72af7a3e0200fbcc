/**
 * Cuts the committed subset of the golden data: same folders, file names and format, every n-th
 * case. Run from the repository root:
 *
 *   GOLDEN_DIR=/path/to/golden deno run --allow-env --allow-read --allow-write tests/golden/make_subset.ts
 *
 * To add a family, add its rule to RULES: a function from the file's text to the text to keep.
 */
import { goldenDir } from "./golden_dir.ts";

const TARGET = new URL("./data", import.meta.url).pathname;

type Cut = (text: string) => string;

/** Keeps every `stride`-th case of those with at most `maxBytes`, one case a line as in the original. */
function everyCase(stride: number, maxBytes = Infinity): Cut {
  return (text) => {
    const file: { meta: unknown; cases: ReadonlyArray<unknown> } = JSON.parse(text);
    const cases = file.cases.map((kept) => JSON.stringify(kept))
      .filter((line) => line.length <= maxBytes)
      .filter((_, i) => i % stride === 0);
    return `{"meta": ${JSON.stringify(file.meta)}, "cases": [\n${cases.join(",\n")}\n]}\n`;
  };
}

/** Every case, without the ids of tokenizers whose vocabulary is too large to commit. */
function chatCases(withIds: ReadonlyArray<string>): Cut {
  return (text) => {
    const file: { cases: ReadonlyArray<{ template: string; ids?: unknown }> } = JSON.parse(text);
    const cases = file.cases.map((kept) => {
      const { ids, ...rest } = kept;
      return ids !== undefined && withIds.includes(kept.template) ? { ...rest, ids } : rest;
    });
    return everyCase(1)(JSON.stringify({ ...file, cases }));
  };
}

const whole: Cut = (text) => text;

/** The folders of these names keep their vocabulary. */
const SMALL_TOKENIZERS = ["qwen-small", "llama3-style-small"];

const TOKENIZER_RULES = Object.fromEntries([
  ...SMALL_TOKENIZERS.flatMap((name) =>
    ["tokenizer.json", "tokenizer_config.json", "encodings.json"]
      .map((file): [string, Cut] => [`tokenizers/${name}/${file}`, whole])
  ),
  ["tokenizers/qwen2.5/tokenizer_config.json", whole],
  ["tokenizers/qwen3/tokenizer_config.json", whole],
  ["tokenizers/chat.json", chatCases(SMALL_TOKENIZERS)],
]);

/** A tied model in bf16 with gradients and an update; an untied one with scaled rotary angles and the IGPO step. */
const MODELS = ["smollm2-tiny", "llama3-tiny"];
const MODEL_FILES = {
  "smollm2-tiny": ["grad_nll.safetensors", "grad_full.safetensors", "adamw_step3.safetensors"],
  "llama3-tiny": ["igpo-step.safetensors"],
};

/** Binary files, which are small enough to be kept whole. */
const BINARIES: ReadonlyArray<string> = [
  "qa/dev-150.parquet",
  ...MODELS.flatMap((name) =>
    ["model.safetensors", "golden.safetensors"].map((file) => `models/${name}/${file}`)
  ),
  ...Object.entries(MODEL_FILES).flatMap(([name, files]) =>
    files.map((file) => `models/${name}/${file}`)
  ),
];

const RULES: Readonly<Record<string, Cut>> = {
  "igpo/advantages.json": everyCase(1, 36_000),
  "igpo/entropy.json": everyCase(2),
  "igpo/f1.json": everyCase(2),
  "igpo/kl-controller.json": everyCase(3),
  "igpo/paper-advantages.json": everyCase(5),
  "igpo/paper-info-gain.json": everyCase(2),
  "igpo/policy-loss.json": everyCase(3),
  "igpo/preprocess.json": everyCase(2),
  "igpo/pseudo-answer-spans.json": everyCase(3),
  "igpo/token-scores.json": everyCase(2),
  "verl/advantages.json": everyCase(2, 30_000),
  "verl/policy-loss.json": everyCase(4),
  "trl/advantages.json": everyCase(1),
  "trl/grpo-loss.json": everyCase(3),
  ...TOKENIZER_RULES,
  "models/sampling.json": whole,
  "models/llama3-tiny/igpo-step.json": whole,
  ...Object.fromEntries(
    MODELS.flatMap((name) =>
      ["config.json", "config.v5.json", "golden.json"].map((file) =>
        [`models/${name}/${file}`, whole] as const
      )
    ),
  ),
  "qa/dev-150.jsonl": whole,
};

function makeFolderOf(path: string): void {
  Deno.mkdirSync(`${TARGET}/${path.slice(0, path.lastIndexOf("/"))}`, { recursive: true });
}

if (import.meta.main) {
  for (const path of BINARIES) {
    makeFolderOf(path);
    Deno.writeFileSync(`${TARGET}/${path}`, Deno.readFileSync(`${goldenDir()}/${path}`));
  }
  for (const [path, cut] of Object.entries(RULES)) {
    makeFolderOf(path);
    Deno.writeTextFileSync(
      `${TARGET}/${path}`,
      cut(Deno.readTextFileSync(`${goldenDir()}/${path}`)),
    );
  }
}
