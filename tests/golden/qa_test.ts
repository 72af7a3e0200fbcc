import { Effect, Stream } from "effect";
import { readJsonl } from "../../src/files/jsonl.ts";
import { readQuestions } from "../../src/files/questions.ts";
import { streamRows } from "../../src/files/row_stream.ts";
import { ANSWER_SPLIT } from "../../src/files/question_rows.ts";
import { assertKnown, goldenDir, goldenNames, list, record, text } from "./golden_dir.ts";
import { goldenTest } from "./summary.ts";

const names = goldenNames("qa");
const stems = [...new Set(names.map((name) => name.replace(/\.(jsonl|parquet)$/, "")))];

Deno.test("golden qa holds each file as JSON lines and as Parquet", () => {
  assertKnown(names, stems.flatMap((stem) => [`${stem}.jsonl`, `${stem}.parquet`]), "qa");
});

const paths = names.map((name) => `${goldenDir()}/qa/${name}`);
goldenTest("questions", names.map((name) => `qa/${name}`), async (family) => {
  for (const path of paths) {
    const rows = await Effect.runPromise(
      path.endsWith(".jsonl") ? readJsonl(path) : Stream.runCollect(streamRows(path)),
    );
    const read = await Effect.runPromise(
      readQuestions([{ file: path, weight: 1 }], Effect.fail),
    );
    const questions = read[0]!.questions;
    family.equal(questions.length, rows.length, `${path} rows`);
    rows.forEach(({ row, value }, i) => {
      family.equal(questions[i], wanted(value), `${path} row ${row}`);
      family.countCase();
    });
  }
  for (const stem of stems) {
    const lines = await Effect.runPromise(readJsonl(`${goldenDir()}/qa/${stem}.jsonl`));
    const columns = await Effect.runPromise(
      Stream.runCollect(streamRows(`${goldenDir()}/qa/${stem}.parquet`)),
    );
    family.equal(columns.length, lines.length, `${stem} rows`);
    columns.forEach(({ row, value }, i) => {
      family.equal(value, lines[i]!.value, `${stem}.parquet against ${stem}.jsonl row ${row}`);
    });
  }
});

/** The question of a row, read field by field as the README of the golden data lists them. */
function wanted(value: unknown) {
  const row = record(value);
  const fields = ["data_source", "prompt", "ability", "reward_model", "extra_info"];
  assertKnown(Object.keys(row), fields, "a row");
  const prompt = list(row.prompt).map(record);
  for (const message of prompt) assertKnown(Object.keys(message), ["content", "role"], "prompt");
  const reward = record(row.reward_model);
  assertKnown(Object.keys(reward), ["ground_truth", "style"], "reward_model");
  const extra = record(row.extra_info);
  assertKnown(Object.keys(extra), ["index", "split"], "extra_info");
  return {
    id: `${text(row.data_source)}/${text(extra.index)}`,
    text: text(prompt[0]!.content),
    golds: text(reward.ground_truth).split(ANSWER_SPLIT).map((gold) => gold.trim())
      .filter((gold) => gold !== ""),
    kind: text(row.data_source),
    hops: Number(/_(.)hop/.exec(text(extra.index))?.[1] ?? NaN) || null,
    split: extra.split === "dev" ? "validation" : extra.split,
    weight: 1,
  };
}
