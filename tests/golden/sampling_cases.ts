import { Effect } from "effect";
import type { Engine } from "../../src/model/engine.ts";
import { floats, overwritten, runOp, words } from "../support/op_cases.ts";
import {
  assertKnown,
  type GoldenRecord,
  list,
  num,
  readGolden,
  record,
  vector,
} from "./golden_dir.ts";
import type { Family } from "./summary.ts";

const FIELDS = ["id", "options", "previous_tokens", "logits", "kept", "probs"];
const OPTIONS = ["temperature", "top_k", "top_p", "min_p", "repetition_penalty"];
const PROBABILITY = { atol: 1e-5 };

const maskedOf = Effect.fnUntraced(function* (engine: Engine, goldenCase: GoldenRecord) {
  const options = record(goldenCase["options"]);
  assertKnown(Object.keys(options), OPTIONS, "sampling options");
  const logits = Float32Array.from(vector(goldenCase["logits"]));
  const cols = logits.length;
  const seen = new Uint32Array(Math.ceil(cols / 32));
  for (const token of vector(goldenCase["previous_tokens"])) {
    seen[token >>> 5]! |= 1 << (token & 31);
  }
  const [masked] = yield* runOp(engine, {
    label: `case ${goldenCase["id"]}`,
    kind: "sampling_mask",
    dims: {
      rows: 1,
      cols,
      inverseTemperature: 1 / num(options["temperature"]),
      penalty: num(options["repetition_penalty"]),
      topK: num(options["top_k"]),
      topP: num(options["top_p"]),
      minP: num(options["min_p"]),
    },
    inputs: [floats(cols, logits), words(seen.length, seen)],
    outputs: [overwritten(1, cols)],
  });
  const row = Float64Array.from(masked!.subarray(0, cols));
  const kept = [...row.keys()].filter((token) => row[token]! > -3e38);
  const max = Math.max(...row);
  const weights = row.map((x) => x > -3e38 ? Math.exp(x - max) : 0);
  const total = weights.reduce((sum, w) => sum + w, 0);
  return { kept, probabilities: weights.map((w) => w / total), logits };
});

/** Every case of models/sampling.json; where equal logits straddle a cut, any of them may be kept. */
export const checkSampling = Effect.fnUntraced(function* (engine: Engine, family: Family) {
  for (const goldenCase of readGolden("models/sampling.json").cases) {
    assertKnown(Object.keys(goldenCase), FIELDS, "sampling case");
    const { kept, probabilities, logits } = yield* maskedOf(engine, goldenCase);
    const wanted = list(goldenCase["kept"]).map(num).sort((a, b) => a - b);
    const want = vector(goldenCase["probs"]);
    const label = `case ${goldenCase["id"]}`;
    const same = JSON.stringify(kept) === JSON.stringify(wanted);
    if (same) family.close(probabilities, want, PROBABILITY, label);
    else {
      const sorted = (tokens: ReadonlyArray<number>) => tokens.map((t) => logits[t]!).sort();
      family.equal(sorted(kept), sorted(wanted), `${label}: logits of kept tokens`);
      family.close(probabilities.toSorted(), want.toSorted(), PROBABILITY, label);
    }
    family.countCase();
  }
});
