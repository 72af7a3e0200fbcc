/** Numbers that are not finite, planted in a run, never reach a checkpoint. */
import { deepStrictEqual, match, notDeepStrictEqual, ok } from "node:assert/strict";
import { Effect, Layer } from "effect";
import { Learner } from "../src/policy/policy.ts";
import { train } from "../src/programs/train.ts";
import { inFolder, metricsOf, prepareTiny } from "./support/tiny_run.ts";

type LearnerService = Learner["Service"];

/** A run of three steps with a checkpoint after each, whose learner is changed; what it printed, and its failure. */
async function runWith(folder: string, change: (own: LearnerService) => Partial<LearnerService>) {
  const said: Array<string> = [];
  const program = Effect.scoped(Effect.gen(function* () {
    const { prepared, layers } = yield* prepareTiny({
      folder,
      recipe: { steps: 3, checkpointEvery: 1, evaluateEvery: 0 },
      print: (text) => Effect.sync(() => void said.push(text)),
    });
    const learner = Layer.effect(
      Learner,
      Effect.map(Learner, (own) => Learner.of({ ...own, ...change(own) })),
    ).pipe(Layer.provideMerge(layers));
    yield* train({ ...prepared, checkpoint: null, startedMillis: 0 }).pipe(Effect.provide(learner));
  }));
  const failure = await Effect.runPromise(program).then(() => null, String);
  return { said, failure };
}

const weightsAt = (folder: string, step: number) =>
  Deno.readFile(`${folder}/checkpoints/step-${step}/model.safetensors`);

Deno.test("a NaN in a gradient changes nothing, is named and counted, and the run goes on", () =>
  inFolder(async (folder) => {
    let gradients = 0;
    const { said, failure } = await runWith(folder, (own) => ({
      gradient: (sequences, temperature, loss) => {
        const isPlanted = ++gradients === 2;
        return own.gradient(sequences, temperature, (i, found) => {
          const planted = loss(i, found);
          if (isPlanted && i === 4) planted.dLogProb[1] = NaN;
          return planted;
        });
      },
    }));
    deepStrictEqual(failure, null);
    const skips = said.filter((text) => text.startsWith("Skipped"));
    deepStrictEqual(skips.length, 1);
    match(skips[0]!, /^Skipped update 2: not finite: loss in turn \d of episode 2\/train\/.*\/1$/);
    const steps = (await metricsOf(folder)).map((line) => JSON.parse(line))
      .filter(({ type }) => type === "step");
    deepStrictEqual(
      steps.map(({ skipped, updates }) => [skipped, updates]),
      [[0, 1], [1, 1], [0, 2]],
    );
    deepStrictEqual(await weightsAt(folder, 2), await weightsAt(folder, 1));
    notDeepStrictEqual(await weightsAt(folder, 3), await weightsAt(folder, 2));
  }));

for (
  const [what, place] of [["weight", /"model\.norm\.weight"/], ["moment", /"v model\./]] as const
) {
  Deno.test(`a ${what} that is not finite ends the run, and no checkpoint holds it`, () =>
    inFolder(async (folder) => {
      let saves = 0;
      const { failure } = await runWith(folder, (own) => ({
        save: () =>
          Effect.tap(own.save(), ({ weights, moments }) => {
            if (++saves < 2) return Effect.void;
            if (what === "weight") weights.get("model.norm.weight")![3] = Infinity;
            else [...moments.values()][0]!.v[0] = NaN;
            return Effect.void;
          }),
      }));
      ok(failure !== null);
      match(failure, /Cannot save the model as all its numbers must be finite: number \d of /);
      match(failure, place);
      const names = await Array.fromAsync(
        Deno.readDir(`${folder}/checkpoints`),
        ({ name }) => name,
      );
      deepStrictEqual(names, ["step-1"]);
    }));
}
