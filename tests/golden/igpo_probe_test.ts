import { Result } from "effect";
import { assembleProbe } from "../../src/text/probe.ts";
import { makeTokenizer, type Tokenizer } from "../../src/text/tokenizer.ts";
import {
  assertKnown,
  goldenDir,
  goldenNames,
  type GoldenRecord,
  num,
  readGolden,
  text,
  vector,
} from "./golden_dir.ts";
import { type Family, goldenTest } from "./summary.ts";

const SPANS = "igpo/pseudo-answer-spans.json";
const FIELDS = ["id", "answer", "ids", "start", "end", "span_text", "span_is_answer"];
const FLAGS = ["tail_ids_equal_suffix", "head_ids_equal_prefix"];

/** Ids of the probe's fixed parts, taken from a case in which no token reaches across an edge. */
interface Frame {
  readonly prefix: Float64Array;
  readonly suffix: Float64Array;
}

function isClean(goldenCase: GoldenRecord): boolean {
  return goldenCase.head_ids_equal_prefix === true && goldenCase.tail_ids_equal_suffix === true;
}

function frameOf(cases: ReadonlyArray<GoldenRecord>): Frame {
  const clean = cases.find(isClean);
  if (clean === undefined) throw new Error("No case shows the ids of prefix and suffix alone");
  const ids = vector(clean.ids);
  return { prefix: ids.slice(0, num(clean.start)), suffix: ids.slice(num(clean.end)) };
}

goldenTest("igpo probe spans", [SPANS], (family) => {
  const { cases } = readGolden(SPANS);
  const frame = frameOf(cases);
  for (const goldenCase of cases) {
    assertKnown(Object.keys(goldenCase), [...FIELDS, ...FLAGS], "span case");
    checkSpan(goldenCase, frame, family);
    family.countCase();
  }
});

function checkSpan(goldenCase: GoldenRecord, { prefix, suffix }: Frame, family: Family): void {
  const ids = vector(goldenCase.ids);
  const [start, end] = [num(goldenCase.start), num(goldenCase.end)];
  const label = `case ${goldenCase.id}`;
  // The official rule subtracts lengths, so its span has these bounds even if a token reaches across an edge.
  family.equal([prefix.length, ids.length - suffix.length], [start, end], label);
  const probe = assembleProbe(prefix, ids.slice(start, Math.max(start, end)), suffix);
  family.equal([probe.start, probe.end], [start, Math.max(start, end)], label);
  // If a token reaches across an edge of the answer, encoding the parts separately gives other ids.
  family.equal([...probe.ids].join() === ids.join(), isClean(goldenCase), label);
}

/** The tokenizer the cases were made with, where the golden folder holds it (7 MB). */
function qwenTokenizer(): Tokenizer | null {
  const holds = (folder: string, name: string) => goldenNames(folder).includes(name);
  if (!holds(".", "tokenizers") || !holds("tokenizers", "qwen2.5")) return null;
  if (!holds("tokenizers/qwen2.5", "tokenizer.json")) return null;
  const read = (name: string): unknown =>
    JSON.parse(Deno.readTextFileSync(`${goldenDir()}/tokenizers/qwen2.5/${name}`));
  return Result.getOrThrow(makeTokenizer(read("tokenizer.json"), read("tokenizer_config.json")));
}

goldenTest("igpo probes from text", [SPANS, "tokenizers/qwen2.5"], (family) => {
  const tokenizer = qwenTokenizer();
  if (tokenizer === null) return;
  const { cases, meta } = readGolden(SPANS);
  const [prefix, suffix] = [text(meta.prefix), text(meta.suffix)];
  for (const goldenCase of cases) {
    const label = `case ${goldenCase.id}`;
    const answer = text(goldenCase.answer);
    const ids = vector(goldenCase.ids);
    family.equal([...tokenizer.encode(prefix + answer + suffix)], [...ids], label);
    const gold = tokenizer.encodePlain(answer);
    const probe = assembleProbe(tokenizer.encode(prefix), gold, tokenizer.encode(suffix));
    family.equal(tokenizer.decode(probe.ids.slice(probe.start, probe.end)), answer, label);
    if (isClean(goldenCase)) family.equal([...probe.ids], [...ids], label);
    const official = ids.slice(num(goldenCase.start), Math.max(0, num(goldenCase.end)));
    family.equal(tokenizer.decode(official), goldenCase.span_text, label);
    family.equal(tokenizer.decode(official) === answer, goldenCase.span_is_answer, label);
    family.countCase();
  }
});
