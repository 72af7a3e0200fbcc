/** What a page computes with the module for browsers, and Deno with the same files, to be compared. */
import { Effect } from "effect";
import * as igpo from "../../browser.ts";

/** Numbers that every device must agree on. */
export interface Numbers {
  /** Name of the adapter; `plain loops` for none. */
  readonly adapter: string;
  /** Log-probs of all tokens of a question's prompt but the first. */
  readonly before: ReadonlyArray<number>;
  /** The same after one update that makes the prompt likelier. */
  readonly after: ReadonlyArray<number>;
}

const RATE = 1e-4;
const QUESTION = "What is the employer of the spouse of Balsis?";

/** Loads a model, scores a prompt, and trains on it once. */
export const numbersOf = (
  files: igpo.ModelFiles,
  device: "cpu" | "gpu",
): Effect.Effect<Numbers, Error> =>
  Effect.gen(function* () {
    const model = yield* Effect.fromResult(igpo.modelInMemory(files));
    const { protocol } = yield* Effect.fromResult(
      igpo.makeWorldText(
        JSON.parse(files["tokenizer.json"]),
        JSON.parse(files["tokenizer_config.json"]),
      ),
    );
    const machine = yield* igpo.openDeviceMachine(device);
    const recipe = { ...igpo.RECIPES.get("embedded")!, promptsPerStep: 1, groupSize: 2 };
    const setup = yield* Effect.fromResult(
      igpo.planPolicy({ machine, model, config: { recipe } }, "train"),
    );
    const program = Effect.gen(function* () {
      const policy = yield* igpo.Policy;
      const learner = yield* igpo.Learner;
      const { ids: tokens } = protocol.prompt(QUESTION);
      const position = Uint32Array.from({ length: tokens.length - 1 }, (_, i) => i + 1);
      const rows = [{ tokens, position }];
      const ask = Effect.map(policy.logProbs(rows, 1), ([found]) => [...found!.logProb]);
      const before = yield* ask;
      yield* learner.gradient(rows, 1, () => ({
        dLogProb: new Float64Array(position.length).fill(-1 / position.length),
        dEntropy: new Float64Array(position.length),
      }));
      yield* learner.update({ learningRate: RATE, clipNorm: null });
      return { adapter: machine.adapter.name, before, after: yield* ask };
    });
    return yield* Effect.provide(program, igpo.layerLearner(setup, []));
  }).pipe(Effect.scoped);
