import { Effect } from "effect";
import { Policy } from "../policy/policy.ts";
import type { Protocol } from "../text/protocol.ts";
import { bytesOf } from "./bytes.ts";
import { sha256Of } from "./job.ts";

/**
 * A hash of a question's prompt and of the log-probs of its tokens. It is equal where model, tokenizer, tools, date and
 * the arithmetic of the device are, so that a process with the same one plays the same episodes to the bit.
 */
export const fingerprintOf = Effect.fn("fingerprintOf")(function* (
  question: string,
  { prompt }: Pick<Protocol, "prompt">,
) {
  const policy = yield* Policy;
  const { ids } = prompt(question);
  const position = Uint32Array.from({ length: ids.length - 1 }, (_, i) => i + 1);
  const [found] = yield* policy.logProbs([{ tokens: ids, position }], 1);
  return sha256Of([ids, found!.logProb, found!.entropy].map(bytesOf));
});
