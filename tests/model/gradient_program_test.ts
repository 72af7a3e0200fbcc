import { Effect } from "effect";
import { createInterpreter } from "../../src/reference/interpreter.ts";
import { assertClose } from "../support/comparison.ts";
import { onPlain } from "../support/engines.ts";
import { plantForest, tokensOf } from "../support/forests.ts";
import { randomIds, randomValues } from "../support/random_values.ts";
import { loadGradient, packForest, TINY, tinyWeights, writeModel } from "../support/tiny_models.ts";

/** A shared prompt, two answers, a probe on one of them, and a sequence of its own. */
const segments = plantForest([
  { length: 3, parent: -1, visible: 0 },
  { length: 4, parent: 0, visible: 3 },
  { length: 2, parent: 1, visible: 2 },
  { length: 3, parent: 0, visible: 2 },
  { length: 2, parent: -1, visible: 0 },
]);
const tokens = tokensOf(segments);
const INVERSE_TEMPERATURE = 1 / 0.8;

for (const architecture of Object.values(TINY)) {
  onPlain(
    `gradientProgram of a ${architecture.family} gives the slopes of a random loss`,
    () =>
      Effect.gen(function* () {
        const weights = tinyWeights(architecture);
        const engine = createInterpreter();
        const model = yield* loadGradient(engine, architecture, { weights, tokens });
        const ids = randomIds(1, tokens, architecture.vocabulary);
        const targets = randomIds(2, tokens, architecture.vocabulary);
        const predictions = [1, 2, 4, 6, 7, 8, 11, 13].map((row) => ({
          row,
          target: targets[row]!,
        }));
        const batch = packForest(segments, [...ids], predictions);
        const dHead = Float64Array.from(randomValues(3, 2 * predictions.length));
        const loss = Effect.gen(function* () {
          const head = yield* model.forward(batch, INVERSE_TEMPERATURE);
          return dHead.reduce((sum, d, i) => sum + d * head[4 * (i >> 1) + i % 2]!, 0);
        });
        yield* loss;
        const gradients = yield* model.backward(batch, dHead, INVERSE_TEMPERATURE);
        const exact = new Map([...weights].map(([name, w]) => [name, Float64Array.from(w)]));
        for (const [name, values] of weights) {
          const gradient = gradients.get(name)!;
          const write = (changed: Float64Array<ArrayBuffer>) =>
            writeModel(engine, architecture, new Map(exact).set(name, changed));
          for (const direction of directions(values.length)) {
            const along = (h: number) =>
              Effect.gen(function* () {
                write(Float64Array.from(values, (w, i) => w + h * direction[i]!));
                return yield* loss;
              });
            const h = 1e-5;
            const slope = ((yield* along(h)) - (yield* along(-h))) / (2 * h);
            const want = direction.reduce((sum, u, i) => sum + u * gradient[i]!, 0);
            // Errors: curvature times h^2, and rounding of 1e-16 / h, for slopes of ordinary size.
            assertClose([want], [slope], { atol: 1e-6, rtol: 1e-6 }, name);
          }
          write(Float64Array.from(values));
        }
      }),
  );
}

/** Two random directions over all elements, and two single elements. */
function directions(length: number): ReadonlyArray<Float64Array> {
  const single = (at: number) => new Float64Array(length).with(at, 1);
  const spread = (seed: number) =>
    Float64Array.from(randomValues(seed, length, Math.sqrt(3 / length)));
  return [spread(21), spread(22), single(0), single(length - 1)];
}
