import { Effect, type Scope } from "effect";
import type { Learner, Policy } from "../../src/policy/policy.ts";
import type { ReferencePolicy } from "../../src/pipeline/reference_policy.ts";
import { layerLearner } from "../../src/run/layers.ts";
import { type Agent, openAgent } from "../../src/tab/agent.ts";
import { builtInFiles } from "../support/model_files.ts";

const files = await builtInFiles();

/** Runs a test with the built-in agent on plain loops, whose steps are small. */
export function withAgent<A, E>(
  use: (agent: Agent) => Effect.Effect<A, E, Policy | Learner | ReferencePolicy | Scope.Scope>,
): Promise<A> {
  const place = { seed: 1, device: "cpu", isFresh: false } as const;
  const options = { kind: "open", preset: "igpo-uplift", ...place } as const;
  const program = Effect.gen(function* () {
    const opened = yield* openAgent(files, options);
    const recipe = { ...opened.recipe, steps: 3, promptsPerStep: 1, groupSize: 2 };
    const agent = { ...opened, recipe };
    return yield* Effect.provide(use(agent), layerLearner(agent.setup, [agent.preset]));
  });
  return Effect.runPromise(Effect.scoped(program));
}
