/** What groups and updates take of a card at least, and what travels: from the model's ops, and from the encoders of the queue. */
import { Effect, Result } from "effect";
import type { ScoredEpisode } from "../src/domain/batch.ts";
import { fewDispatches } from "../src/gpu/launches.ts";
import { createRandom, type RandomStream } from "../src/math/random.ts";
import { gradientProgram } from "../src/model/programs.ts";
import { fitMemory } from "../src/policy/memory_plan.ts";
import { policyPrograms } from "../src/policy/runtime.ts";
import { encodeGroup } from "../src/queue/group_record.ts";
import { weightsBytes } from "../src/queue/weights_blob.ts";
import {
  BINDING_BYTES,
  CARD,
  cardPartialBytes,
  type COUNTED_FORMS,
  formOf,
  workloadsOf,
} from "../tests/support/dispatch_counts.ts";
import type { ShapeName } from "./random_model.ts";
import { type Card, CARDS, phaseSeconds, sizedOps } from "./roofline.ts";
import type { Group } from "./simulate.ts";

/** The episodes of a group, as many as a card decodes at once. */
export const GROUP_SIZE = 16;
/** Tokens: a question with its system prompt, what a search shows, and a belief's probe. */
const PROMPT = 400;
const RESULT = 650;
const PROBE = 20;
/** An episode has 2 to 6 turns, each as likely. */
const TURNS = [2, 6] as const;
/** Tokens of a message are log-normal. */
const MESSAGE = { median: 130, sigma: 0.5 };
/** Tokens and turns of a mean episode. */
const MEAN_TURNS = (TURNS[0] + TURNS[1]) / 2;
const MEAN_MESSAGE = MESSAGE.median * Math.exp(MESSAGE.sigma ** 2 / 2);
const MEAN_TOKENS = PROMPT + MEAN_TURNS * MEAN_MESSAGE + (MEAN_TURNS - 1) * RESULT;

/** Bytes of memory of the cards that are large enough to train on. */
const MEMORY = { "RTX 4090": 24e9, H200: 141e9 } as const satisfies Partial<Record<Card, number>>;

/** A card whose memory is known. */
export type TrainingCard = keyof typeof MEMORY;

/** The names of those cards. */
export const TRAINING_CARDS = Object.keys(MEMORY) as ReadonlyArray<TrainingCard>; // the keys of an object literal

/** Seconds that pieces of work take of a card at least. */
export interface CardCosts {
  /** Of a token of each of so many rows. */
  readonly tokenSeconds: (rows: number) => number;
  /** Of a token that is read: prompts, results, probes. */
  readonly readSeconds: number;
  /** Of a token forward and backward. */
  readonly trainSeconds: number;
  /** Multiply-adds of a token that is sampled, read and trained. */
  readonly multiplyAdds: Readonly<Record<"sampled" | "read" | "trained", number>>;
  /** Bytes of the blob of trained weights. */
  readonly weightsBytes: number;
}

/** What a card takes for a model in a form; a sentence if it does not fit. */
export function cardCosts(
  shape: ShapeName,
  held: typeof COUNTED_FORMS[number],
  card: TrainingCard,
): Result.Result<CardCosts, string> {
  const form = formOf(shape, held);
  const wanted = { rows: GROUP_SIZE, contextTokens: 4096, passTokens: 4096, messageTokens: 512 };
  const plan = fitMemory(form, wanted, { trains: true, masked: false, recompute: "auto" }, {
    bindingBytes: BINDING_BYTES,
    bufferBytes: BINDING_BYTES,
    isMirrored: false,
    fewDispatches: fewDispatches(CARD),
    partialBytes: cardPartialBytes,
    budget: MEMORY[card],
  });
  if (Result.isFailure(plan)) return Result.fail(plan.failure.message);
  const { recompute, capacity: { rows } } = plan.success;
  if (rows < GROUP_SIZE) return Result.fail(`It has room for ${rows} episodes at a time`);
  const limits = { traits: CARD, bindingBytes: BINDING_BYTES, textureBytes: 0 };
  const workloads = workloadsOf(form);
  const { dims } = workloads.forward;
  const costOf = (ops: Parameters<typeof sizedOps>[0], sizes: typeof dims, tokens: number) => {
    const sized = sizedOps(ops, sizes, limits);
    const multiplyAdds = sized.reduce(
      (sum, { ops, work }) => sum + ops.length * work.multiplyAdds,
      0,
    );
    return {
      seconds: phaseSeconds(sized, CARDS[card]) / tokens,
      multiplyAdds: multiplyAdds / tokens,
    };
  };
  const tokenOf = (work: "token, 1 row" | "token, 16 rows", rows: number) => {
    const { program, phase, dims } = workloads[work];
    return costOf(program.phases[phase]!, dims, rows);
  };
  const [one, many] = [tokenOf("token, 1 row", 1), tokenOf("token, 16 rows", GROUP_SIZE)];
  const { fill } = policyPrograms(form, wanted).cache.program.phases;
  const read = costOf(fill, dims, dims["N"]!);
  const { forward, backward } = gradientProgram(form, recompute).phases;
  const trained = costOf([...forward, ...backward], dims, dims["N"]!);
  const manySeconds = GROUP_SIZE * many.seconds;
  return Result.succeed({
    tokenSeconds: (rows) =>
      one.seconds + (manySeconds - one.seconds) * (rows - 1) / (GROUP_SIZE - 1),
    readSeconds: read.seconds,
    trainSeconds: trained.seconds,
    multiplyAdds: {
      sampled: many.multiplyAdds,
      read: read.multiplyAdds,
      trained: trained.multiplyAdds,
    },
    weightsBytes: weightsBytes(form),
  });
}

/** An episode as it is drawn: for each turn the tokens of its message, and the seconds of the search that follows all but the last. */
interface Draw {
  readonly messages: ReadonlyArray<number>;
  readonly searches: ReadonlyArray<number>;
}

/** Seconds of a search are log-normal. */
export interface Search {
  readonly medianSeconds: number;
  /** 95 of 100 searches take this long at most. */
  readonly tailSeconds: number;
}

/** Of the standard normal distribution. */
const QUANTILE_95 = 1.6449;

function normal({ next }: RandomStream): number {
  return Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
}

function drawEpisode(random: RandomStream, { medianSeconds, tailSeconds }: Search): Draw {
  const sigma = Math.log(tailSeconds / medianSeconds) / QUANTILE_95;
  const turns = TURNS[0] + random.int(TURNS[1] - TURNS[0] + 1);
  const messages = Array.from(
    { length: turns },
    () => Math.ceil(MESSAGE.median * Math.exp(MESSAGE.sigma * normal(random))),
  );
  const searches = messages.slice(1).map(() => medianSeconds * Math.exp(sigma * normal(random)));
  return { messages, searches };
}

/** The groups of steps, drawn from a seed and played on a card one by one. */
export function drawSteps(
  { steps, groups, search, seed }: {
    readonly steps: number;
    readonly groups: number;
    readonly search: Search;
    readonly seed: number;
  },
  costs: CardCosts,
): ReadonlyArray<ReadonlyArray<Group>> {
  const random = createRandom([seed, 1]);
  const drawGroup = () => Array.from({ length: GROUP_SIZE }, () => drawEpisode(random, search));
  return Array.from(
    { length: steps },
    () => Array.from({ length: groups }, () => playGroup(drawGroup(), costs)),
  );
}

/** An episode in play. */
interface Row {
  readonly draw: Draw;
  turn: number;
  /** When its search is back; null while its message is written. */
  back: number | null;
  /** Tokens that all writing rows will have had when its message is over. */
  end: number;
}

/**
 * A group on one card: rows that write share each decoding step; what a row reads before its message holds all rows up;
 * rows that search hold up none. Its beliefs are measured at the end.
 */
export function playGroup(draws: ReadonlyArray<Draw>, costs: CardCosts): Group {
  const rows = draws.map((draw): Row => ({ draw, turn: 0, back: 0, end: 0 }));
  const live = new Set(rows);
  let [now, busySeconds, tokens, prompt] = [0, 0, 0, PROMPT];
  const compute = (seconds: number) => {
    now += seconds;
    busySeconds += seconds;
  };
  while (live.size > 0) {
    const writing = [...live].filter(({ back }) => back === null);
    const first = least(writing, ({ end }) => end);
    const next = least([...live].filter(({ back }) => back !== null), ({ back }) => back!);
    const tokenSeconds = costs.tokenSeconds(writing.length);
    const over = first === null ? Infinity : now + (first.end - tokens) * tokenSeconds;
    if (next !== null && next.back! <= over) {
      const wait = Math.max(0, next.back! - now);
      if (first === null) now += wait;
      else {
        compute(wait);
        tokens += wait / tokenSeconds;
      }
      compute((next.turn === 0 ? prompt : RESULT) * costs.readSeconds);
      // All have read the prompt that the first one read.
      prompt = 0;
      next.back = null;
      next.end = tokens + next.draw.messages[next.turn]!;
    } else {
      compute(over - now);
      tokens = first!.end;
      const search = first!.draw.searches[first!.turn];
      if (search === undefined) live.delete(first!);
      else first!.back = now + search;
      first!.turn += 1;
    }
  }
  const probes = 1 + draws.reduce((sum, { searches }) => sum + searches.length, 0);
  compute(probes * PROBE * costs.readSeconds);
  return { busySeconds, waitSeconds: now - busySeconds };
}

function least<A>(items: ReadonlyArray<A>, of: (item: A) => number): A | null {
  return items.reduce<A | null>(
    (found, item) => found === null || of(item) < of(found) ? item : found,
    null,
  );
}

/** Tokens that an update computes for so many groups: the episodes of a group share their prompt. */
export function trainedTokens(groups: number): number {
  return groups * (PROMPT + GROUP_SIZE * (MEAN_TOKENS - PROMPT));
}

/** Tokens that are read for so many groups: prompts, results and probes. */
export function readTokens(groups: number): number {
  const searches = GROUP_SIZE * (MEAN_TURNS - 1);
  return groups * (PROMPT + searches * RESULT + (1 + searches) * PROBE);
}

/** Tokens that are sampled for so many groups. */
export function sampledTokens(groups: number): number {
  return groups * GROUP_SIZE * MEAN_TURNS * MEAN_MESSAGE;
}

/** Characters of text a token. */
const CHARACTERS = 4;

/** Bytes of the answer with a mean group, by the encoder of the queue. */
export function groupBytes(): number {
  const sizes = { tokens: Math.round(MEAN_TOKENS), message: Math.round(MEAN_MESSAGE) };
  const episodes = Array.from({ length: GROUP_SIZE }, (_, sample) => meanEpisode(sample, sizes));
  const encoded = encodeGroup({
    groups: [episodes],
    dropped: { episodes: 0, groups: 0 },
    lost: [],
    uncaught: { count: 0, last: "" },
    scoredTokens: 0,
    rolloutSeconds: 0,
    scoreSeconds: 0,
  });
  return Effect.runSync(encoded).length;
}

function meanEpisode(
  sample: number,
  { tokens, message }: { readonly tokens: number; readonly message: number },
): ScoredEpisode {
  const question = { id: "question", text: "x".repeat(80), golds: ["an answer"], kind: "2wiki" };
  const call = { name: "web_search", arguments: { query: ["x".repeat(60)] } };
  const result = { call, content: "x".repeat(CHARACTERS * RESULT), failure: null, seconds: 0.8 };
  const boundaries = Array.from(
    { length: MEAN_TURNS },
    (_, turn) => PROMPT + (turn + 1) * (message + RESULT),
  ).with(-1, tokens);
  return {
    id: `1/question/${sample}`,
    question,
    step: 1,
    sample,
    policyVersion: 0,
    tokens: new Uint32Array(tokens),
    spans: boundaries.flatMap((end, turn) => [
      { kind: "action", turn, start: end - RESULT - message, end: end - RESULT },
      { kind: "observation", turn, start: end - RESULT, end },
    ]),
    behaviourLogProb: new Float64Array(tokens),
    promptBoundary: PROMPT,
    turns: boundaries.map((boundary, turn) =>
      turn === MEAN_TURNS - 1
        ? { action: { _tag: "Answer", text: "an answer" }, results: [], boundary }
        : { action: { _tag: "ToolCalls", calls: [call] }, results: [result], boundary }
    ),
    ending: "answered",
    answer: "an answer",
    environmentOutcome: null,
    seconds: { generate: 1, tools: 1 },
    belief: new Float64Array(MEAN_TURNS),
    without: new Float64Array(0),
    goldLogProb: Array.from({ length: MEAN_TURNS }, () => new Float64Array(PROBE)),
  };
}
