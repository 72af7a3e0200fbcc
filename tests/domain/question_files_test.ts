import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { Effect } from "effect";
import { resolveConfig } from "../../src/domain/config.ts";
import { NO_FLAGS } from "../../src/domain/flags.ts";
import { parseQuestionFiles } from "../../src/domain/question_files.ts";

const parse = (text: string) => Effect.runSync(parseQuestionFiles(text));
const refusal = (text: string) => Effect.runSync(Effect.flip(parseQuestionFiles(text))).message;

Deno.test("parseQuestionFiles() takes one file as it is, and several with weights", () => {
  strictEqual(parse("data/a b.jsonl"), "data/a b.jsonl");
  deepStrictEqual(parse("a.parquet,b.jsonl*2,c*0.5"), [
    { file: "a.parquet", weight: 1 },
    { file: "b.jsonl", weight: 2 },
    { file: "c", weight: 0.5 },
  ]);
  strictEqual(parse("a*b.jsonl"), "a*b.jsonl");
});

Deno.test("parseQuestionFiles() refuses missing files and weights out of range", () => {
  for (const text of ["", ",", "a,", ",a", "a,,b"]) {
    match(refusal(text), /^Cannot read questions as a file must stand beside each comma: /);
  }
  strictEqual(
    refusal("a.jsonl,b.jsonl*0"),
    'Cannot weigh the questions of "b.jsonl" as a weight must be from 0.001 to 1000: current value is 0',
  );
});

Deno.test("resolveConfig() takes a file's name with a comma and a star from JSON", () => {
  const resolve = (questions: unknown) =>
    Effect.runSync(
      resolveConfig(NO_FLAGS, { recipe: undefined, config: { questions } }),
    ).questions;
  strictEqual(resolve("a,b*2"), "a,b*2");
  const files = [{ file: "a,b*2", weight: 3 }];
  deepStrictEqual(resolve(files), files);
  const wrong = Effect.runSync(Effect.flip(
    resolveConfig(NO_FLAGS, {
      recipe: undefined,
      config: { questions: [{ file: "a", weight: -1 }] },
    }),
  ));
  match(wrong.message, /^Cannot read the configuration as field "questions/);
});
