import { Context, Effect, Layer, Result } from "effect";
import { worldTokenizer } from "../../src/programs/cold_start.ts";
import {
  type BeliefRequest,
  type GenerateRequest,
  type Generation,
  Learner,
  Policy,
  type TokenLogProbs,
  type TokenRows,
} from "../../src/policy/policy.ts";

/** The embedded world's tokenizer and protocol. */
export const { tokenizer, protocol } = Result.getOrThrow(worldTokenizer(0)).text;

/** The messages of the fake policy: the one at a place, or null for one that is cut off. */
export type Script = (
  place: { readonly question: string; readonly sample: number; readonly turn: number },
) => string | null;

export function search(query: string): string {
  const call = JSON.stringify({ name: "web_search", arguments: { query: [query] } });
  return `<tool_call>${call}</tool_call>`;
}

export function answer(text: string): string {
  return `<answer>${text}</answer>`;
}

/** The calls to the fake policy, in order. */
export interface Calls {
  readonly events: Array<string>;
  readonly generated: Array<GenerateRequest>;
  readonly beliefs: Array<BeliefRequest>;
  readonly trained: Array<TokenRows>;
  readonly learningRates: Array<number>;
  /** By name of a sequence: the versions of the weights that were asked for its messages and beliefs. */
  readonly versions: Map<string, Array<number>>;
}

export interface FakeOptions {
  readonly script: Script;
  /** The trainer's log-prob of all tokens after `version` updates; the sampler's is -1. @default {-1} */
  readonly trainerLogProb?: (version: number) => number;
  /** Where gradient number `call`, from 0, is not finite. */
  readonly brokenAt?: (
    call: number,
  ) => { readonly sequence: number; readonly token: number } | undefined;
}

/** A policy that reads its messages from a script, a learner that only counts, and the calls to both. */
export function fakePolicy(options: FakeOptions) {
  const calls: Calls = {
    ...{ events: [], generated: [], beliefs: [], trained: [], learningRates: [] },
    versions: new Map(),
  };
  const note = ({ sequence }: { readonly sequence: string }) =>
    calls.versions.set(sequence, [...calls.versions.get(sequence) ?? [], version]);
  const { trainerLogProb = () => -1 } = options;
  let version = 0;
  let gradients = 0;
  const turns = new Map<string, number>();
  const policy = Policy.of({
    adapter: { name: "script", kind: "interpreter" },
    generate: (requests, { stopIds }) =>
      Effect.sync(() => {
        calls.events.push(`generate for step ${Number.parseInt(requests[0]!.sequence)}`);
        calls.generated.push(...requests);
        requests.forEach(note);
        return requests.map((request) => say(request, stopIds));
      }),
    beliefs: (requests) =>
      Effect.sync(() => {
        calls.beliefs.push(...requests);
        requests.forEach(note);
        return requests.map(beliefRows);
      }),
    beliefsSequential: (requests) => Effect.succeed(requests.map(beliefRows)),
    logProbs: (sequences) =>
      Effect.sync(() => sequences.map((rows) => logProbsOf(rows, trainerLogProb(version)))),
    retire: () => {},
    release: () => {},
  });
  const say = (request: GenerateRequest, stopIds: ReadonlyArray<number>): Generation => {
    const { sequence, maxTokens } = request;
    const match = /^(?:\d+|evaluation)\/(.*?)(?:\/(\d+))?$/.exec(sequence)!;
    const turn = turns.get(sequence) ?? 0;
    turns.set(sequence, turn + 1);
    const text = options.script({ question: match[1]!, sample: Number(match[2] ?? 0), turn });
    const whole = protocol.assistantMessage(" so", text ?? "a b c d e f g h i j k l");
    const tokens = whole.slice(0, Math.min(text === null ? 4 : maxTokens, maxTokens));
    const stopped = stopIds.includes(tokens.at(-1)!);
    return { tokens, logProbs: new Float64Array(tokens.length).fill(-1), stopped };
  };
  const learner = Learner.of({
    version: () => version,
    gradient: (sequences, _temperature, loss) =>
      Effect.sync(() => {
        calls.trained.push(...sequences);
        const broken = options.brokenAt?.(gradients++);
        if (broken !== undefined) return Result.fail({ op: "head_finish", ...broken });
        return Result.succeed(
          sequences.map((rows, i) => loss(i, logProbsOf(rows, trainerLogProb(version)))),
        );
      }),
    findNonFinite: () => Effect.succeed(null),
    passTokens: 0,
    readGradient: () => Effect.succeed(new Map()),
    writeGradient: () => Effect.void,
    update: ({ learningRate }) =>
      Effect.sync(() => {
        version += 1;
        calls.learningRates.push(learningRate);
        calls.events.push(`update ${version}`);
        return { gradientNorm: 1, applied: true };
      }),
    save: () => Effect.succeed({ updates: version, weights: new Map(), moments: new Map() }),
    load: (state) => Effect.sync(() => void (version = state.updates)),
    weights: () => Effect.succeed(new Map()),
    adopt: (state) => Effect.sync(() => void (version = state.updates)),
  });
  const layer = Layer.succeedContext(
    Context.make(Policy, policy).pipe(Context.add(Learner, learner)),
  );
  return { calls, layer };
}

/** A belief depends on its boundary alone: each gold token has a log-prob of minus 1 / boundary. */
function beliefRows({ boundaries, probe }: BeliefRequest): ReadonlyArray<Float64Array> {
  return boundaries.map((boundary) =>
    new Float64Array(probe.end - probe.start).fill(-1 / boundary)
  );
}

function logProbsOf({ position }: TokenRows, logProb: number): TokenLogProbs {
  return {
    logProb: new Float64Array(position.length).fill(logProb),
    entropy: new Float64Array(position.length).fill(0.5),
  };
}
