/** The readers of what comes from outside, each with its seeds. */
import { Effect, Exit, Result, Scope } from "effect";
import { AnswerRow } from "../../src/domain/answer_row.ts";
import { resolveConfig, RunConfig } from "../../src/domain/config.ts";
import { decodeRecord } from "../../src/domain/decode.ts";
import { BadInput } from "../../src/domain/errors.ts";
import { NO_FLAGS } from "../../src/domain/flags.ts";
import { parseJson } from "../../src/domain/json.ts";
import { reason } from "../../src/domain/reason.ts";
import { RECIPES } from "../../src/domain/recipe.ts";
import { openWorker, type WorkerStopped } from "../../src/files/bounded_worker.ts";
import { readCorpus } from "../../src/files/corpus.ts";
import { readJsonl } from "../../src/files/jsonl.ts";
import type { ParquetAnswer } from "../../src/files/parquet.ts";
import { readQuestions } from "../../src/files/questions.ts";
import { readSafetensorsHeader, readTensor } from "../../src/files/safetensors.ts";
import { toTrainable } from "../../src/files/tensor_types.ts";
import { PRESETS, resolvePreset } from "../../src/igpo/presets.ts";
import { readArchitecture, writeConfig } from "../../src/model/architecture.ts";
import { parametersOf } from "../../src/model/parameters.ts";
import { readPeftConfig, writePeftConfig } from "../../src/model/peft.ts";
import { withLaterFields } from "../../src/run/configure.ts";
import { readEvaluations } from "../../src/run/record.ts";
import { makeChatTemplate } from "../../src/text/chat_template.ts";
import { makeTokenizer } from "../../src/text/tokenizer.ts";
import { parquetFile, stringColumn } from "../support/parquet_file.ts";
import { TINY } from "../support/tiny_run.ts";
import { hubReader } from "./hub_reader.ts";

/** What a reader is given. */
export interface Given {
  readonly bytes: Uint8Array;
  /** A file of these bytes. */
  readonly path: string;
  /** The folder of that file. */
  readonly folder: string;
}

/** Reads what it is given to its end. */
export type Read = (given: Given) => Effect.Effect<unknown, BadInput | WorkerStopped, Scope.Scope>;

/** A reader of one sort of file. */
export interface Reader {
  readonly name: string;
  /** Name of a file that it reads. */
  readonly file: string;
  readonly seeds: ReadonlyArray<Uint8Array>;
  readonly isJson: boolean;
  /** Makes a reader ready, until the scope closes. */
  readonly open: Effect.Effect<Read, unknown, Scope.Scope>;
}

const SEEDS = new URL("./seeds/", import.meta.url);
const seed = (name: string) => Deno.readFileSync(new URL(name, SEEDS));
const text = (value: string) => new TextEncoder().encode(value);
const json = (value: unknown) => text(JSON.stringify(value));
const lines = (...values: ReadonlyArray<unknown>) =>
  text(values.map((v) => JSON.stringify(v)).join("\n") + "\n");

/** A reader of a value of JSON. */
function jsonReader(
  name: string,
  seeds: ReadonlyArray<unknown>,
  read: (value: unknown) => Effect.Effect<unknown, BadInput>,
): Reader {
  const parse = ({ bytes }: Given) =>
    Effect.try({
      try: () => parseJson(new TextDecoder().decode(bytes)),
      catch: (error) => new BadInput({ message: `Cannot read it as JSON: ${reason(error)}` }),
    });
  return {
    name,
    file: "input.json",
    seeds: seeds.map(json),
    isJson: true,
    open: Effect.succeed((given: Given) => Effect.flatMap(parse(given), read)),
  };
}

const tokenizerJson = JSON.parse(Deno.readTextFileSync("checkpoints/skilled/tokenizer.json"));
const tokenizerConfig = JSON.parse(
  Deno.readTextFileSync("checkpoints/skilled/tokenizer_config.json"),
);
const SAID = ["", "<|im_end|> a <think>", "Zo\u00eb \ud83d\ude00\n\n  12345", "a".repeat(2000)];

const readTokenizer = Effect.fnUntraced(function* (files: unknown) {
  const [first, second] = Array.isArray(files) ? files : [files, {}];
  const tokenizer = yield* Effect.fromResult(makeTokenizer(first, second));
  return SAID.map((said) =>
    tokenizer.decode([...tokenizer.encode(said), ...tokenizer.encodePlain(said)])
  );
});

const readSafetensors: Read = Effect.fnUntraced(function* ({ path }) {
  const { tensors } = yield* readSafetensorsHeader(path);
  for (const info of tensors.values()) {
    yield* Effect.result(Effect.fromResult(toTrainable(yield* readTensor(path, info))));
  }
});

const PARQUET_WORKER = new URL("../../src/files/parquet_worker.ts", import.meta.url);
const TEMPLATE_WORKER = new URL("../../src/run/template_worker.ts", import.meta.url);
const BOUNDS = { seconds: 1.5, megabytes: 256 };

/** Asks one worker after the other: a new one where the last was stopped, which is ended before. */
const openWorkers = Effect.fnUntraced(function* (script: URL) {
  const outer = yield* Effect.scope;
  const open = Effect.gen(function* () {
    const scope = Scope.forkUnsafe(outer);
    return { scope, worker: yield* openWorker(script, BOUNDS).pipe(Scope.provide(scope)) };
  });
  let { scope, worker } = yield* open;
  return Effect.fnUntraced(function* (question: unknown) {
    const answer = yield* Effect.result(worker.ask(question));
    if (Result.isSuccess(answer)) return answer.success;
    yield* Scope.close(scope, Exit.void);
    ({ scope, worker } = yield* open);
    return yield* answer.failure;
  });
});

const openParquet = Effect.gen(function* () {
  const ask = yield* openWorkers(PARQUET_WORKER);
  const answerTo = Effect.fnUntraced(function* (question: unknown) {
    const answer = (yield* ask(question)) as ParquetAnswer;
    if (!("refusal" in answer)) return answer;
    return yield* new BadInput({ message: `Cannot read it: ${answer.refusal ?? "it is damaged"}` });
  });
  return Effect.fnUntraced(function* ({ path }: Given) {
    const opened = yield* answerTo({ path });
    const groups = "groups" in opened ? Math.min(opened.groups, 3) : 0;
    for (let group = 0; group < groups; group++) yield* answerTo(group);
  });
});

const GLUE = { system: "You search.", toolResponse: { role: "tool", open: "<r>", close: "</r>" } };

const openTemplates = Effect.map(
  openWorkers(TEMPLATE_WORKER),
  (ask): Read =>
    Effect.fnUntraced(function* ({ bytes }) {
      const tokenizerConfig = { chat_template: new TextDecoder().decode(bytes) };
      // Most mutations are no Jinja, which needs no other thread to be found out.
      yield* Effect.fromResult(makeChatTemplate(tokenizerConfig));
      const refusal = yield* ask({ tokenizerConfig, options: GLUE });
      if (typeof refusal === "string") return yield* new BadInput({ message: refusal });
    }),
);

const answer = {
  ...{ id: "1", kind: "k", question: "Who?", golds: ["Ada"], sample: 0, answer: "Ada", f1: 1 },
  ...{ f1Multiset: 1, f1Squad: 1, em: true, ending: "answer", turns: 2, calls: 1, failedCalls: 0 },
  ...{ beliefs: [0.5, 0.6], gains: [0.1], date: "2026-11-30" },
};
const kind = { count: 2, f1: 0.5, em: 0.5 };
const evaluation = {
  ...{ type: "evaluation", step: 0, split: "test", ...kind, byKind: { k: kind } },
  ...{ meanTurns: 2, invalidRate: 0, scores: [0, 1] },
};

const runConfig = Effect.runSync(
  Effect.flatMap(
    resolveConfig({ ...NO_FLAGS, seed: 1 }),
    (config) => Effect.map(resolvePreset("paper-v2"), (preset) => ({ ...config, preset })),
  ),
);

const readRunConfig = Effect.fnUntraced(function* (saved: unknown) {
  const config = yield* decodeRecord(RunConfig, withLaterFields(saved), "the configuration");
  yield* resolvePreset(config.preset);
});

const readModelConfig = (config: unknown) =>
  Effect.map(Effect.fromResult(readArchitecture(config)), parametersOf);

/** A reader of a file as it is. */
const fileReader = (
  name: string,
  file: string,
  seeds: ReadonlyArray<Uint8Array>,
  read: Read | Effect.Effect<Read, unknown, Scope.Scope>,
): Reader => ({
  name,
  file,
  seeds,
  isJson: /\.jsonl?$/.test(file),
  open: Effect.isEffect(read) ? read : Effect.succeed(read),
});

const LORA = { rank: 8, alpha: 16, rankStabilized: false, targets: new Set(["q_proj"] as const) };
const strings = [stringColumn("question", ["Who?", "Where?"]), stringColumn("answer", ["a", "b"])];

/** All of them. */
export const READERS: ReadonlyArray<Reader> = [
  fileReader("safetensors", "input.safetensors", [seed("two.safetensors")], readSafetensors),
  fileReader(
    "parquet",
    "input.parquet",
    [seed("snappy.parquet"), seed("plain.parquet"), parquetFile(2, strings)],
    openParquet,
  ),
  fileReader(
    "questions",
    "input.jsonl",
    [seed("questions.jsonl")],
    ({ path }) => readQuestions([{ file: path, weight: 1 }], Effect.fail),
  ),
  fileReader(
    "passages",
    "input.jsonl",
    [seed("passages.jsonl")],
    ({ path }) => readCorpus(path),
  ),
  jsonReader("tokenizer", [[tokenizerJson, tokenizerConfig]], readTokenizer),
  fileReader(
    "template",
    "input.jinja",
    [seed("chatml.jinja"), seed("macros.jinja")],
    openTemplates,
  ),
  jsonReader(
    "peft",
    [writePeftConfig(LORA, "org/base")],
    (config) => Effect.fromResult(readPeftConfig(config)),
  ),
  jsonReader("model", [writeConfig(TINY)], readModelConfig),
  jsonReader("preset", [PRESETS["paper-v2"], { base: "grpo", clip: { low: 0.1 } }], resolvePreset),
  jsonReader(
    "recipe",
    [RECIPES.get("embedded"), { lora: { ...LORA, targets: ["q_proj"] } }],
    (recipe) => resolveConfig(NO_FLAGS, { recipe, config: undefined }),
  ),
  jsonReader("run", [runConfig], readRunConfig),
  fileReader(
    "metrics",
    "metrics.jsonl",
    [lines(evaluation, { type: "step", step: 1, loss: 0.5 })],
    ({ folder }) => readEvaluations(folder),
  ),
  fileReader(
    "answers",
    "answers.jsonl",
    [lines(answer, { ...answer, answer: null })],
    ({ path }) =>
      Effect.flatMap(
        readJsonl(path),
        Effect.forEach(({ value, row }) => decodeRecord(AnswerRow, value, `row ${row}`)),
      ),
  ),
  hubReader,
];
