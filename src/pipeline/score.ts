import { Duration, Effect, Stream } from "effect";
import type { ScoredEpisode } from "../domain/batch.ts";
import type { Episode } from "../domain/episode.ts";
import { beliefOf, combineBeliefs } from "../igpo/belief.ts";
import type { GainConfig } from "../igpo/preset.ts";
import { type BeliefRequest, Policy } from "../policy/policy.ts";
import type { Protocol } from "../text/protocol.ts";
import { scoresByReference, startingPolicy } from "./reference_policy.ts";
import { inStep } from "./step_spans.ts";
import type { ScoredStep, StepEpisodes } from "./steps.ts";
import { tellProgress } from "./watch.ts";

/** How beliefs are measured. */
export interface ScoreOptions {
  readonly protocol: Protocol;
  readonly gain: GainConfig;
  /** All boundaries of an episode in one pass, or each by a forward pass of its own. @default {"one-pass"} */
  readonly passes?: "one-pass" | "sequential";
}

/** The part of a policy that measures beliefs. */
type Scorer = Pick<Policy["Service"], "beliefs" | "beliefsSequential">;

/**
 * Measures all beliefs of every episode, under the policy that played it or the one a run starts from: before the first
 * turn (once for the whole group) and after each turn but the last. A preset without gains has no beliefs.
 */
export const score = (options: ScoreOptions) =>
<E, R>(
  steps: Stream.Stream<StepEpisodes, E, R>,
) =>
  // The scorer is looked up before the first step: if it is missing, the run fails before it plays episodes.
  scorerOf(options).pipe(
    Effect.map((scorer) => Stream.mapEffect(steps, (step) => scoreStep(step, scorer, options))),
    Stream.unwrap,
  );

const scorerOf = Effect.fnUntraced(function* (options: ScoreOptions) {
  const scorer: Scorer = scoresByReference(options) ? yield* startingPolicy : yield* Policy;
  return scorer;
});

const scoreStep = (step: StepEpisodes, scorer: Scorer, options: ScoreOptions) =>
  scoreGroups(step, scorer, options).pipe(
    inStep(step.step),
    Effect.map((scored): ScoredStep => ({ ...step, ...scored })),
  );

/** The groups of a step with their beliefs, and what measuring them took. */
export const scoreGroups = Effect.fn("score")(function* (
  step: Pick<StepEpisodes, "step" | "groups">,
  scorer: Scorer,
  options: ScoreOptions,
) {
  if (options.gain.measure === "none") {
    const groups = step.groups.map((group) => group.map(withoutBelief));
    return { groups, scoredTokens: 0, scoreSeconds: 0 };
  }
  const asked = step.groups.map((group) => askGroup(group, options));
  const requests = asked.flat().flatMap(requestsOf);
  const tell = (done: number) =>
    tellProgress({ step: step.step, phase: "score", done, total: requests.length, unit: "probes" });
  yield* tell(0);
  const measure = options.passes === "sequential" ? scorer.beliefsSequential : scorer.beliefs;
  const [duration, rows] = yield* Effect.timed(measure(requests));
  yield* tell(requests.length);
  const answers = new Map(requests.map((request, i) => [request, rows[i]!]));
  const groups = asked.map((group) => scoreGroup(group, answers, options.gain));
  const scoredTokens = requests.reduce(
    (sum, { boundaries, probe }) => sum + boundaries.length * probe.ids.length,
    0,
  );
  const scoreSeconds = Duration.toSeconds(duration);
  return { groups, scoredTokens, scoreSeconds };
});

function withoutBelief(episode: Episode): ScoredEpisode {
  const none = new Float64Array(0);
  return { ...episode, belief: none, without: none, goldLogProb: [] };
}

/** The belief requests of an episode, each for every gold answer. */
interface Asked {
  readonly episode: Episode;
  /** At the episode's boundaries. Only the first episode of a group asks at the prompt, which all of them share. */
  readonly own: ReadonlyArray<BeliefRequest>;
  /** For each turn but the last, with that turn cut out. */
  readonly without: ReadonlyArray<ReadonlyArray<BeliefRequest>>;
}

/** Requests about an episode that have a boundary, in the order in which they are made. */
function requestsOf({ own, without }: Asked): ReadonlyArray<BeliefRequest> {
  return [...own, ...without.flat()].filter(({ boundaries }) => boundaries.length > 0);
}

function askGroup(
  group: ReadonlyArray<Episode>,
  { gain, protocol }: ScoreOptions,
): ReadonlyArray<Asked> {
  const { golds } = group[0]!.question;
  const probes = (gain.golds === "first" ? golds.slice(0, 1) : golds).map(protocol.probe);
  const ofGolds = (context: Omit<BeliefRequest, "probe">) =>
    probes.map((probe): BeliefRequest => ({ ...context, probe }));
  return group.map((episode, place) => ({
    episode,
    own: ofGolds({
      sequence: episode.id,
      tokens: episode.tokens,
      boundaries: boundariesOf(episode).slice(place === 0 ? 0 : 1),
    }),
    without: gain.against === "without" ? contextsWithout(episode).map(ofGolds) : [],
  }));
}

/** For each turn but the last, the context of the answer with that turn cut out. */
function contextsWithout({ id, tokens, promptBoundary, turns }: Episode) {
  const end = turns.at(-2)?.boundary ?? promptBoundary;
  return turns.slice(0, -1).map(({ boundary }, turn) => {
    const start = turns[turn - 1]?.boundary ?? promptBoundary;
    const rest = Uint32Array.of(...tokens.subarray(0, start), ...tokens.subarray(boundary, end));
    return { sequence: `${id} without turn ${turn}`, tokens: rest, boundaries: [rest.length] };
  });
}

/** Where an episode's beliefs are measured. */
function boundariesOf({ promptBoundary, turns }: Episode): ReadonlyArray<number> {
  return [promptBoundary, ...turns.slice(0, -1).map(({ boundary }) => boundary)];
}

/** Log-probs of the answer at each boundary of a request. */
type Answers = ReadonlyMap<BeliefRequest, ReadonlyArray<Float64Array>>;

function scoreGroup(
  group: ReadonlyArray<Asked>,
  answers: Answers,
  { golds, logProbFloor }: GainConfig,
): ReadonlyArray<ScoredEpisode> {
  const first = group[0]!;
  const rowsOf = (request: BeliefRequest) => answers.get(request) ?? [];
  const combined = (rows: ReadonlyArray<Float64Array>) =>
    combineBeliefs(rows.map((row) => beliefOf(row, logProbFloor)), golds);
  return group.map((asked) => {
    const { episode, own, without } = asked;
    const byGold = own.map((request, gold) =>
      asked === first ? rowsOf(request) : [rowsOf(first.own[gold]!)[0]!, ...rowsOf(request)]
    );
    const belief = Float64Array.from(
      episode.turns,
      (_, turn) => combined(byGold.map((rows) => rows[turn]!)),
    );
    return {
      ...episode,
      belief,
      without: Float64Array.from(
        without,
        (ofGolds) => combined(ofGolds.map((request) => rowsOf(request)[0]!)),
      ),
      goldLogProb: byGold[0]!,
    };
  });
}
