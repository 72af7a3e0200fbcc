import { Effect, Result, Semaphore } from "effect";
import { ServerFailed } from "../domain/errors.ts";
import { randomBits } from "../math/threefry.ts";
import type { GenerateRequest, Generation, Policy } from "../policy/policy.ts";
import type { MessageAnswer, Server } from "./server.ts";

type PolicyService = Policy["Service"];

/** What a policy needs whose messages a server samples. */
export interface ServedOptions {
  readonly server: Server;
  /** The policy that is trained: it does all but sampling. */
  readonly local: PolicyService;
  /** Ids that the model knows. */
  readonly vocabulary: number;
}

/** A policy whose messages a server samples at temperature 1; each is checked before it is used. */
export function makeServedPolicy({ server, local, vocabulary }: ServedOptions): PolicyService {
  const measuring = Semaphore.makeUnsafe(1);
  const generateOne = Effect.fnUntraced(function* (
    request: GenerateRequest,
    stopIds: ReadonlyArray<number>,
  ) {
    const { tokens, maxTokens, key } = request;
    // Never 2^32 - 1, which draws at random in llama.cpp.
    const seed = randomBits(key, 0) >>> 1;
    const answer = yield* server.generate({ tokens, maxTokens, stopIds, seed });
    const read = readMessage(answer, { maxTokens, stopIds, vocabulary });
    if (Result.isFailure(read)) {
      return yield* new ServerFailed({
        kind: "malformed",
        message: `Cannot use a message of ${server.name} as ${read.failure}`,
      });
    }
    const holes = read.success.logProbs.flatMap((logProb, i) => logProb === null ? [i] : []);
    if (holes.length === 0) return generationOf(read.success);
    const whole = Uint32Array.of(...tokens, ...read.success.ids);
    const position = Uint32Array.from(holes, (i) => tokens.length + i);
    const [found] = yield* measuring.withPermit(
      local.logProbs([{ tokens: whole, position }], 1),
    );
    const filled = new Map(holes.map((i, hole) => [i, found!.logProb[hole]!]));
    const logProbs = read.success.logProbs.map((logProb, i) => logProb ?? filled.get(i)!);
    return generationOf({ ...read.success, logProbs });
  });
  return {
    ...local,
    generate: Effect.fn("ServedPolicy.generate")((requests, { stopIds }) =>
      Effect.forEach(requests, (request) => generateOne(request, stopIds), {
        concurrency: "unbounded",
      })
    ),
  };
}

/** What a message must keep to. */
interface MessageRules {
  readonly maxTokens: number;
  readonly stopIds: ReadonlyArray<number>;
  readonly vocabulary: number;
}

/** Rounding may put the log-prob of a certain token above 0, nats. */
const ROUNDING = 1e-3;

/** A message that ends at its first stop token, or the rule that it breaks and what stands there. */
function readMessage(
  { ids, logProbs, isStopped }: MessageAnswer,
  { maxTokens, stopIds, vocabulary }: MessageRules,
): Result.Result<MessageAnswer, string> {
  if (ids.length === 0 || ids.length > maxTokens) {
    return Result.fail(`it must have 1 to ${maxTokens} tokens: it has ${ids.length}`);
  }
  const strange = ids.find((id) => id < 0 || id >= vocabulary);
  if (strange !== undefined) {
    return Result.fail(`its ids must be below ${vocabulary}: one is ${strange}`);
  }
  if (logProbs.length !== ids.length) {
    return Result.fail(
      `each of its ${ids.length} tokens must have a log-prob: it has ${logProbs.length}`,
    );
  }
  const bad = logProbs.find((x) => x !== null && !(Number.isFinite(x) && x <= ROUNDING));
  if (bad !== undefined) return Result.fail(`its log-probs must be 0 or below: one is ${bad}`);
  const stop = ids.findIndex((id) => stopIds.includes(id));
  if (stop < 0 && !isStopped && ids.length < maxTokens) {
    return Result.fail(
      `it must have ${maxTokens} tokens or an end: it has ${ids.length} without one`,
    );
  }
  const end = stop < 0 ? ids.length : stop + 1;
  return Result.succeed({
    ids: ids.slice(0, end),
    logProbs: logProbs.slice(0, end),
    isStopped: stop >= 0,
  });
}

function generationOf({ ids, logProbs, isStopped }: MessageAnswer): Generation {
  return {
    tokens: Uint32Array.from(ids),
    logProbs: Float64Array.from(logProbs, (logProb) => logProb ?? NaN),
    stopped: isStopped,
  };
}
