import { Effect } from "effect";
import { Policy } from "../policy/policy.ts";
import type { Protocol } from "../text/protocol.ts";
import { bytesOf } from "./bytes.ts";
import { sha256Of } from "./job.ts";

/** What a process computes of a question's prompt. */
export interface Probed {
  /**
   * A hash of the prompt and of the log-probs of its tokens. It is equal where model, tokenizer, tools, date and the
   * arithmetic of the device are, so that a process with the same one plays the same episodes to the bit.
   */
  readonly fingerprint: string;
  /** A hash of the prompt alone. */
  readonly prompt: string;
  /** Log-probs of its tokens but the first, nats. */
  readonly logProb: Float64Array;
}

/** Renders a question and measures the log-probs of its prompt. */
export const probe = Effect.fn("probe")(function* (
  question: string,
  { prompt }: Pick<Protocol, "prompt">,
) {
  const policy = yield* Policy;
  const { ids } = prompt(question);
  const position = Uint32Array.from({ length: ids.length - 1 }, (_, i) => i + 1);
  const [found] = yield* policy.logProbs([{ tokens: ids, position }], 1);
  const { logProb, entropy } = found!;
  return {
    fingerprint: sha256Of([ids, logProb, entropy].map(bytesOf)),
    prompt: sha256Of([bytesOf(ids)]),
    logProb,
  } satisfies Probed;
});
