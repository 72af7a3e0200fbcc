/** Workers whose arithmetic is not the trainer's. */
import { Effect } from "effect";
import { BadInput } from "../domain/errors.ts";
import { SERVER_GAP } from "../igpo/alarms.ts";
import { logProbGap } from "../igpo/old_log_prob.ts";
import { mean } from "../math/statistics.ts";
import { bytesOf, float64sOf } from "./bytes.ts";
import type { Probed } from "./fingerprint.ts";
import type { RunRecord } from "./job.ts";

/** What such a run gives up. */
export const GIVEN_UP =
  "which adapter plays a group decides its last bits, so that the run is not that of one " +
  "process to the byte";

/** What a run that lets such workers in says of its probe. */
export function mixedProbe({ prompt, logProb }: Probed): NonNullable<RunRecord["mixed"]> {
  return { prompt, logProb: bytesOf(logProb) };
}

/**
 * Whether a worker computes what the trainer does: null if it does to the bit, else what it gives up, where the run lets
 * that in and the mean gap between their log-probs is small. Fails otherwise.
 */
export function admit(
  own: Probed,
  { fingerprint, mixed }: Pick<RunRecord, "fingerprint" | "mixed">,
): Effect.Effect<string | null, BadInput> {
  if (own.fingerprint === fingerprint) return Effect.succeed(null);
  const refused = (rule: string) =>
    Effect.fail(new BadInput({ message: `Cannot work for this run as ${rule}` }));
  if (mixed === null) {
    return refused(
      "prompts and log-probs must be the trainer's to the bit: its model, its tools, its device or " +
        "its driver are others than those here; train --mixed lets other devices in",
    );
  }
  const theirs = float64sOf(mixed.logProb);
  if (own.prompt !== mixed.prompt || theirs.length !== own.logProb.length) {
    return refused("its prompts must be the trainer's: its tokenizer, tools or date are others");
  }
  const gaps = own.logProb.map((logProb, i) => Math.abs(logProb - theirs[i]!));
  if (!(mean(gaps) <= SERVER_GAP)) {
    return refused(
      `log-probs must be the trainer's within ${SERVER_GAP} nats a token: they differ by ` +
        `${mean(gaps).toPrecision(3)}, as those of another model do`,
    );
  }
  const largest = logProbGap(own.logProb, theirs).toExponential(1);
  return Effect.succeed(
    `Mixed: log-probs differ from the trainer's by up to ${largest} nats; ${GIVEN_UP}`,
  );
}
