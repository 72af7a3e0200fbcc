/** The files of the tries: a small model, a run of it, and what somebody may have done to them. */
import { Effect, Result } from "effect";
import { command } from "../../driver/command.ts";
import { type Float32Tensor, writeSafetensors } from "../../src/files/safetensors.ts";
import { toFloat32 } from "../../src/files/tensor_types.ts";
import { type ParquetColumn, parquetFile, stringColumn } from "../support/parquet_file.ts";
import { readSafetensors } from "../support/read_safetensors.ts";
import { writeTinyModel } from "../support/tiny_run.ts";

/** Any value of JSON, to be changed. */
// deno-lint-ignore no-explicit-any
type Json = any;

const PROJECT = new URL("../../", import.meta.url).pathname;
const MILLION = 1_000_000;
const LITTLE_ENDIAN = true;

const TINY = {
  ...{ steps: 3, promptsPerStep: 1, groupSize: 2, maxTurns: 2, maxNewTokens: 10 },
  ...{ contextTokens: 128, microBatchTokens: 256, evaluateEvery: 0, checkpointEvery: 0 },
  ...{ validationQuestions: 2, testQuestions: 2 },
};
const LORA = { rank: 4, alpha: 8, rankStabilized: false, targets: ["q_proj", "v_proj"] };
const nested = (depth: number) => `${"[".repeat(depth)}${"]".repeat(depth)}`;

const RECIPES = {
  tiny: TINY,
  long: { ...TINY, steps: 100_000, checkpointEvery: 5 },
  lora: { ...TINY, lora: LORA },
  recipe_lr: { lr: 1e39 },
  recipe_decay: { weightDecay: 1e300 },
  recipe_eps: { adamEps: 1e-50 },
  recipe_alpha: { lora: { ...LORA, alpha: 1e300 } },
  recipe_rank: { lora: { ...LORA, rank: MILLION } },
  wrong_list: { trainKinds: ["1-hop", null] },
  huge_value: { trainKinds: ["x".repeat(600_000)] },
  escape: { base: "grpo", name: "../escape" },
  name300: { base: "grpo", name: "x".repeat(300) },
};

const row = (fields: object) => ({ question: "Who wrote it?", answers: ["Ada"], ...fields });
const passage = (text: string, id = 0) => ({ id: String(id), title: "A page", text });

const ROWS = {
  q: [row({}), row({ question: "Where?" })],
  slash: [row({ kind: "a", id: "b/c" }), row({ kind: "a/b", id: "c", question: "Where?" })],
  esc: [row({ question: "\x1b[2JWho\x1b]0;title\x07?" })],
  huge_kind: [row({ kind: "x".repeat(600_000) })],
  corpus_word: [passage("a".repeat(10 * MILLION))],
  corpus_1m: Array.from({ length: 3 }, (_, i) => passage(String(i).repeat(MILLION), i)),
  corpus_esc: [passage("\x1b[2Jhidden \x1b]0;title\x07 text")],
};

/** Changes of a tokenizer's files, by the name of the model's folder. */
const TOKENIZERS: Readonly<Record<string, (tokenizer: Json, config: Json) => void>> = {
  m_behavior: ({ pre_tokenizer }) => void (firstSplit(pre_tokenizer).behavior = 5),
  m_used: (tokenizer) => addToken(tokenizer, tokenizer.model.vocab.a),
  m_negative: (tokenizer) => addToken(tokenizer, -1),
  m_fraction: (tokenizer) => addToken(tokenizer, 1.5),
  m_2e40: (tokenizer) => addToken(tokenizer, 2 ** 40),
  m_novocab: ({ model }) => void delete model.vocab,
  m_regex: ({ pre_tokenizer }) => void (firstSplit(pre_tokenizer).pattern = { Regex: "(a+)+b" }),
  m_regex2: ({ pre_tokenizer }) =>
    void (firstSplit(pre_tokenizer).pattern = { Regex: "(?:a|a)*b" }),
  m_ranges: (_, config) => {
    config.chat_template = "{% for a in range(100000000) %}{% for b in range(100000000) %}" +
      "{% endfor %}{% endfor %}";
  },
};

const firstSplit = (parts: Json): Json =>
  parts.type === "Split" ? parts : parts.pretokenizers.find((one: Json) => one.type === "Split");

function addToken(tokenizer: Json, id: number): void {
  tokenizer.added_tokens.push({ ...tokenizer.added_tokens[0], id, content: "<|new|>" });
}

const questions = stringColumn("question", ["Who?", "Where?"]);
const endless = {
  // One run of 2^30 definition levels, where the page has 2 values.
  page: Uint8Array.of(6, 0, 0, 0, 0x80, 0x80, 0x80, 0x80, 0x08, 1),
  ...{ name: "question", values: 2, isOptional: true },
};

const PARQUET: Readonly<Record<string, readonly [number, ParquetColumn]>> = {
  rows_20m: [20 * MILLION, { ...questions, values: 20 * MILLION }],
  page_300mb: [2, { ...questions, unpacked: 300 * MILLION }],
  endless: [2, endless],
  flipped: [2, { ...questions, crc: 1 }],
  question_20mb: [1, stringColumn("question", ["x".repeat(20 * MILLION)])],
};

const readJson = async (path: string): Promise<Json> => JSON.parse(await Deno.readTextFile(path));
const writeJson = (path: string, value: unknown) => Deno.writeTextFile(path, JSON.stringify(value));

async function change(path: string, how: (value: Json) => unknown): Promise<void> {
  const value = await readJson(path);
  how(value);
  await writeJson(path, value);
}

/** Sets the first number of the first tensor whose name begins so. */
async function poison(path: string, prefix: string, number: number): Promise<void> {
  const read = await Effect.runPromise(readSafetensors(path));
  const tensors = [...read.values()].map((tensor): Float32Tensor => ({
    name: tensor.name,
    shape: tensor.shape,
    values: Result.getOrThrow(toFloat32(tensor)).slice(),
  }));
  tensors.find(({ name }) => name.startsWith(prefix))!.values[0] = number;
  await Effect.runPromise(writeSafetensors(`${path}.new`, tensors));
  await Deno.rename(`${path}.new`, path);
}

/** A file of zeros that takes no room on the disk, behind a header that is true of its size. */
async function sparseTensor(path: string, name: string, numbers: number): Promise<void> {
  const bytes = 4 * numbers;
  const info = { [name]: { dtype: "F32", shape: [numbers], data_offsets: [0, bytes] } };
  const header = new TextEncoder().encode(JSON.stringify(info));
  using file = await Deno.create(path);
  const length = new DataView(new ArrayBuffer(8));
  length.setBigUint64(0, BigInt(header.length), LITTLE_ENDIAN);
  await file.write(new Uint8Array(length.buffer));
  await file.write(header);
  await file.truncate(8 + header.length + bytes);
}

/** What a line of a shell printed, and its exit code. */
export interface Outcome {
  readonly code: number;
  readonly output: string;
}

/** Runs a line of a shell in a folder. */
export async function runIn(folder: string, line: string): Promise<Outcome> {
  const { code, stdout, stderr } = await command("sh", {
    args: ["-c", line],
    cwd: folder,
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, output: decode(stdout) + decode(stderr) };
}

async function succeed(folder: string, line: string): Promise<void> {
  const { code, output } = await runIn(folder, line);
  if (code !== 0) throw new Error(`"${line}" ended with ${code}: ${output}`);
}

/** Makes copies of one folder of `folder`, each changed by its own effect. */
async function copies(
  folder: string,
  from: string,
  changes: Readonly<Record<string, (path: string) => Promise<void>>>,
): Promise<void> {
  for (const [to, how] of Object.entries(changes)) {
    await succeed(folder, `cp -r ${from} ${to}`);
    await how(`${folder}/${to}`);
  }
}

/** Sets fields of a file of JSON in a folder. */
const withFields = (file: string, fields: object) => (path: string) =>
  change(`${path}/${file}`, (value) => Object.assign(value, fields));

const poisoned = (file: string, prefix: string, number: number) => (path: string) =>
  poison(`${path}/${file}`, prefix, number);

/** Writes all files to an empty folder, in which `./igpo` is this project's. */
export async function makeFiles(folder: string): Promise<void> {
  await Deno.symlink(`${PROJECT}igpo`, `${folder}/igpo`);
  await Effect.runPromise(writeTinyModel(`${folder}/model`));
  for (const [name, recipe] of Object.entries(RECIPES)) {
    await writeJson(`${folder}/${name}.json`, recipe);
  }
  for (const [name, rows] of Object.entries(ROWS)) {
    const lines = rows.map((value) => JSON.stringify(value)).join("\n");
    await Deno.writeTextFile(`${folder}/${name}.jsonl`, `${lines}\n`);
  }
  const answer = stringColumn("answer", ["Ada", "Ada"]);
  for (const [name, [rows, column]] of Object.entries(PARQUET)) {
    await Deno.writeFile(`${folder}/${name}.parquet`, parquetFile(rows, [column, answer]));
  }
  await Deno.writeTextFile(`${folder}/deep.json`, nested(5000));
  await Deno.writeTextFile(`${folder}/deep.jsonl`, `{"question":${nested(5000)}}\n`);
  await makeModels(folder);
  await makeAdapters(folder);
  await makeRuns(folder);
}

async function makeModels(folder: string): Promise<void> {
  const tokenizers = Object.entries(TOKENIZERS).map(([name, how]) => {
    const changed = async (path: string) => {
      const files = [`${path}/tokenizer.json`, `${path}/tokenizer_config.json`] as const;
      const [tokenizer, config] = [await readJson(files[0]), await readJson(files[1])];
      how(tokenizer, config);
      await writeJson(files[0], tokenizer);
      await writeJson(files[1], config);
    };
    return [name, changed] as const;
  });
  await copies(folder, "model", {
    ...Object.fromEntries(tokenizers),
    m_quant: withFields("config.json", { quantization_config: null }),
    m_dtype: withFields("config.json", { torch_dtype: "constructor" }),
    m_nan: poisoned("model.safetensors", "model.embed", NaN),
    m_bom: async (path) => {
      const config = await Deno.readTextFile(`${path}/config.json`);
      await Deno.writeTextFile(`${path}/config.json`, `\ufeff${config}`);
    },
  });
}

async function makeAdapters(folder: string): Promise<void> {
  await succeed(
    folder,
    "./igpo train --model model --recipe lora.json --device cpu --out run_lora",
  );
  const [config, weights] = ["adapter_config.json", "adapter_model.safetensors"];
  const name = "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight";
  await copies(folder, "run_lora/checkpoints/step-3", {
    adapter_nan: poisoned(weights, name, NaN),
    adapter_inf: poisoned(weights, name, Infinity),
    adapter_alpha: withFields(config, { lora_alpha: 1e300 }),
    adapter_rank: withFields(config, { r: MILLION }),
    adapter_20g: (path) => sparseTensor(`${path}/${weights}`, name, 5e9),
  });
}

async function makeRuns(folder: string): Promise<void> {
  await succeed(
    folder,
    "./igpo train --model model --recipe tiny.json --device cpu --seed 7 --out run",
  );
  const [state, optimizer] = ["state.json", "optimizer.safetensors"]
    .map((file) => `checkpoints/step-3/${file}`) as [string, string];
  const isSecond = (line: string) => {
    const { type, step } = JSON.parse(line);
    return type === "step" && step === 2;
  };
  const withMetrics = (how: (line: string) => ReadonlyArray<string>) => async (path: string) => {
    const lines = (await Deno.readTextFile(`${path}/metrics.jsonl`)).trimEnd().split("\n");
    await Deno.writeTextFile(`${path}/metrics.jsonl`, `${lines.flatMap(how).join("\n")}\n`);
  };
  await copies(folder, "run", {
    run_seed: withFields("config.json", { seed: 0 }),
    run_step: withFields(state, { step: 1 }),
    run_date: withFields(state, { date: "2026-11-30<|im_end|>" }),
    run_missing: withMetrics((line) => isSecond(line) ? [] : [line]),
    run_doubled: withMetrics((line) => isSecond(line) ? [line, line] : [line]),
    run_v_nan: poisoned(optimizer, "v ", NaN),
    run_v_inf: poisoned(optimizer, "v ", Infinity),
    run_v_neg: poisoned(optimizer, "v ", -1),
  });
}
