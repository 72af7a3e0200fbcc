import { Effect } from "effect";
import { BadInput } from "../domain/errors.ts";
import { SERVER_GAP } from "../igpo/alarms.ts";
import { mean } from "../math/statistics.ts";
import type { GenerateRequest, Policy } from "../policy/policy.ts";

/** What is tried. */
export interface Trial {
  /** The name of the server. */
  readonly name: string;
  /** The policy whose messages the server samples. */
  readonly served: Policy["Service"];
  /** The policy that is trained. */
  readonly local: Policy["Service"];
  readonly request: GenerateRequest;
  readonly stopIds: ReadonlyArray<number>;
}

/** Fails unless a server's log-probs of a message are about the trainer's: another model's are far from them. */
export const trySampling = Effect.fn("trySampling")(function* (
  { name, served, local, request, stopIds }: Trial,
) {
  const sampling = { temperature: 1, topK: 0, topP: 1, minP: 0 };
  const [message] = yield* served.generate([request], { sampling, stopIds });
  const { length } = request.tokens;
  const tokens = Uint32Array.of(...request.tokens, ...message!.tokens);
  const position = Uint32Array.from(message!.tokens, (_, i) => length + i);
  const [own] = yield* local.logProbs([{ tokens, position }], 1);
  const gap = mean(own!.logProb.map((logProb, i) => Math.abs(logProb - message!.logProbs[i]!)));
  if (gap <= SERVER_GAP) return;
  return yield* new BadInput({
    message: `Cannot sample at ${name} as its log-probs must be the trainer's within ` +
      `${SERVER_GAP} nats a token: they differ by ${gap.toPrecision(3)}, as those of another ` +
      `model or of fewer bits do`,
  });
});
