import { Effect } from "effect";
import { LOG_PROB_INPUTS } from "../model/programs.ts";
import { type MicroBatch, packMicroBatches, passLimits } from "./micro_batches.ts";
import type { TokenLogProbs, TokenRows } from "./policy.ts";
import type { Runtime } from "./runtime.ts";

/** Cuts the (R,4) result of the head into the numbers of each sequence. */
export function splitHead(
  { sequences }: MicroBatch,
  head: ArrayLike<number>,
): ReadonlyArray<TokenLogProbs> {
  let row = 0;
  return sequences.map(({ position }) => {
    const start = row;
    row += position.length;
    const column = (c: number) => Float64Array.from(position, (_, i) => head[4 * (start + i) + c]!);
    return { logProb: column(0), entropy: column(1) };
  });
}

/** Log-prob and entropy at the asked positions of every sequence. */
export const logProbsOf = Effect.fn("Policy.logProbs")(function* (
  runtime: Runtime,
  sequences: ReadonlyArray<TokenRows>,
  temperature: number,
) {
  const results: TokenLogProbs[] = [];
  const { logProb } = runtime;
  for (const batch of packMicroBatches(sequences, passLimits(runtime))) {
    for (const name of LOG_PROB_INPUTS) logProb.write(name, batch.inputs[name]);
    logProb.run("forward", { ...runtime.dims, ...batch.dims, inverseTemperature: 1 / temperature });
    const { head } = yield* logProb.read(["head"]);
    results.push(...splitHead(batch, head!));
  }
  return results as ReadonlyArray<TokenLogProbs>;
});
