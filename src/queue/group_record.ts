/** What came of a job, as a blob: a played and scored group in JSON, with numbers of tokens as base64 so that no bit is lost. */
import { Effect, Schema } from "effect";
import type { ScoredEpisode } from "../domain/batch.ts";
import { decodeInput } from "../domain/decode.ts";
import { BadInput } from "../domain/errors.ts";
import { parseJson } from "../domain/json.ts";
import { SEARCH_FAILURES } from "../domain/search.ts";
import type { ScoredStep } from "../pipeline/steps.ts";
import { bytesOf, float64sOf, uint32sOf } from "./bytes.ts";
import type { GroupJob } from "./job.ts";

const Count = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0));
const Seconds = Schema.Finite;
const Bytes = Schema.Uint8ArrayFromBase64;
/** As text: what a model wrote may nest as deep as JSON may, and it is nested in more here. */
const AnyJson = Schema.fromJsonString(Schema.Unknown);

const Call = Schema.Struct({ name: Schema.String, arguments: AnyJson });

const ActionRecord = Schema.Union([
  Schema.Struct({ _tag: Schema.Literal("Answer"), text: Schema.String }),
  Schema.Struct({ _tag: Schema.Literal("ToolCalls"), calls: Schema.Array(Call) }),
  Schema.Struct({ _tag: Schema.Literal("Malformed"), reason: Schema.String }),
]);

const FAILURES = [
  "unknown_tool",
  "bad_arguments",
  "deadline",
  "crash",
  ...SEARCH_FAILURES,
] as const;

const TurnRecord = Schema.Struct({
  action: ActionRecord,
  results: Schema.Array(Schema.Struct({
    call: Call,
    content: Schema.String,
    failure: Schema.NullOr(Schema.Literals(FAILURES)),
    seconds: Seconds,
  })),
  boundary: Count,
});

const PlayedEpisode = Schema.Struct({
  id: Schema.String,
  sample: Count,
  tokens: Bytes,
  spans: Schema.Array(Schema.Struct({
    kind: Schema.Literals(["prompt", "forced", "action", "observation"]),
    turn: Schema.Int.check(Schema.isGreaterThanOrEqualTo(-1)),
    start: Count,
    end: Count,
  })),
  behaviourLogProb: Bytes,
  promptBoundary: Count,
  turns: Schema.Array(TurnRecord),
  ending: Schema.Literals(["answered", "malformed", "turn_limit", "length"]),
  answer: Schema.NullOr(Schema.String),
  environmentOutcome: Schema.NullOr(Schema.Finite),
  seconds: Schema.Struct({ generate: Seconds, tools: Seconds }),
  belief: Bytes,
  without: Bytes,
  goldLogProb: Schema.Array(Bytes),
});

const GroupRecord = Schema.Struct({
  episodes: Schema.Array(PlayedEpisode),
  dropped: Schema.Struct({ episodes: Count, groups: Count }),
  lost: Schema.Array(
    Schema.Struct({ id: Schema.String, sample: Count, reason: Schema.String }),
  ),
  uncaught: Schema.Struct({ count: Count, last: Schema.String }),
  scoredTokens: Count,
  rolloutSeconds: Seconds,
  scoreSeconds: Seconds,
});

const encodeRecord = Schema.encodeUnknownEffect(GroupRecord);

/** What came of a job, of the fields of a scored step that one question decides. */
export type PlayedGroup = Pick<
  ScoredStep,
  "groups" | "dropped" | "lost" | "uncaught" | "scoredTokens" | "rolloutSeconds" | "scoreSeconds"
>;

/** The bytes of a played group. */
export const encodeGroup = Effect.fn("encodeGroup")(function* ({ groups, ...group }: PlayedGroup) {
  const record = yield* Effect.orDie(encodeRecord({
    ...group,
    episodes: groups.flat().map(({ question: _question, ...episode }) => ({
      ...episode,
      tokens: bytesOf(episode.tokens),
      behaviourLogProb: bytesOf(episode.behaviourLogProb),
      belief: bytesOf(episode.belief),
      without: bytesOf(episode.without),
      goldLogProb: episode.goldLogProb.map(bytesOf),
    })),
    lost: group.lost.map(({ id, sample, reason }) => ({ id, sample, reason })),
  }));
  return new TextEncoder().encode(JSON.stringify(record));
});

/** What an answer must agree with. */
export interface GroupBounds {
  readonly groupSize: number;
  readonly contextTokens: number;
  readonly vocabulary: number;
}

/** The played group that such bytes hold; fails on what no worker of this job can have played. */
export const decodeGroup = Effect.fn("decodeGroup")(function* (
  bytes: Uint8Array,
  job: GroupJob,
  bounds: GroupBounds,
) {
  const json = yield* Effect.try({
    try: () => parseJson(new TextDecoder("utf-8", { fatal: true }).decode(bytes)),
    catch: () => new BadInput({ message: "Cannot read a played group as it must be JSON" }),
  });
  const { episodes, ...record } = yield* Effect.fromResult(
    decodeInput(GroupRecord, json, "Cannot read a played group as"),
  );
  const { question, step, updates: policyVersion } = job;
  const group = episodes.map((episode): ScoredEpisode => ({
    ...episode,
    question,
    step,
    policyVersion,
    tokens: uint32sOf(episode.tokens),
    behaviourLogProb: float64sOf(episode.behaviourLogProb),
    belief: float64sOf(episode.belief),
    without: float64sOf(episode.without),
    goldLogProb: episode.goldLogProb.map(float64sOf),
  }));
  const flaw = flawOf(group, job, bounds) ?? flawOfLost(group.length, record.lost.length, bounds);
  if (flaw !== null) {
    return yield* new BadInput({ message: `Cannot use a played group as ${flaw}` });
  }
  return {
    ...record,
    groups: group.length === 0 ? [] : [group],
    lost: record.lost.map((one) => ({ ...one, question })),
  } satisfies PlayedGroup;
});

function flawOfLost(episodes: number, lost: number, { groupSize }: GroupBounds): string | null {
  const all = episodes + lost;
  return all === groupSize
    ? null
    : `it must have an episode, or a reason, for each of ${groupSize} samples: it has ${all}`;
}

/** What is wrong with the episodes of a group, or null. */
function flawOf(
  group: ReadonlyArray<ScoredEpisode>,
  { step, question }: GroupJob,
  { groupSize, contextTokens, vocabulary }: GroupBounds,
): string | null {
  if (group.length === 1) return "an episode alone is no group: it has 1";
  let last = -1;
  for (const { id, sample, tokens, spans, behaviourLogProb, promptBoundary, turns } of group) {
    const of = `episode "${step}/${question.id}/${sample}"`;
    if (id !== `${step}/${question.id}/${sample}` || sample <= last || sample >= groupSize) {
      return `its episodes must be those of its samples in order: one is "${id}"`;
    }
    last = sample;
    const { length } = tokens;
    if (length === 0 || length > contextTokens || behaviourLogProb.length !== length) {
      return `${of} must have 1 to ${contextTokens} tokens, each with a log-prob: it has ${length}`;
    }
    const far = tokens.find((token) => token >= vocabulary);
    if (far !== undefined) return `${of} must have tokens below ${vocabulary}: one is ${far}`;
    const ends = spans.map(({ end }) => end);
    const isCovered = spans.every(({ start }, i) => start === (ends[i - 1] ?? 0)) &&
      spans.every(({ start, end }) => start < end) && ends.at(-1) === length;
    if (!isCovered) return `spans of ${of} must cover its tokens`;
    const boundaries = [promptBoundary, ...turns.map(({ boundary }) => boundary)];
    const isOrdered = boundaries.every((at, i) => at >= (boundaries[i - 1] ?? 1));
    if (turns.length === 0 || !isOrdered || boundaries.at(-1) !== length) {
      return `boundaries of ${of} must rise to its end`;
    }
  }
  return null;
}
