import { Duration, Effect, Stream } from "effect";
import type { ScoredEpisode } from "../domain/batch.ts";
import type { Episode } from "../domain/episode.ts";
import { beliefOf, combineBeliefs } from "../igpo/belief.ts";
import type { GainConfig } from "../igpo/preset.ts";
import { type BeliefRequest, Policy } from "../policy/policy.ts";
import type { Protocol } from "../text/protocol.ts";
import { startingPolicy } from "./reference_policy.ts";
import type { ScoredStep, StepEpisodes } from "./steps.ts";
import { tellProgress } from "./watch.ts";

/** How beliefs are measured. */
export interface ScoreOptions {
  readonly protocol: Protocol;
  readonly gain: GainConfig;
  /** All boundaries of an episode in one pass, or each by a forward pass of its own. @default {"one-pass"} */
  readonly passes?: "one-pass" | "sequential";
}

/**
 * Measures every belief of every episode, under the policy that played it or the one a run starts from: before the
 * first turn, once for the whole group, and after each turn but the last. A preset without gains has no beliefs.
 */
export const score = (options: ScoreOptions) =>
<E, R>(
  steps: Stream.Stream<StepEpisodes, E, R>,
) => Stream.mapEffect(steps, (step) => scoreStep(step, options));

const scoreStep = Effect.fn("score")(function* (step: StepEpisodes, options: ScoreOptions) {
  if (options.gain.measure === "none") {
    const groups = step.groups.map((group) => group.map(withoutBelief));
    return { ...step, groups, scoredTokens: 0, scoreSeconds: 0 } satisfies ScoredStep;
  }
  const policy = options.gain.scorer === "start" ? yield* startingPolicy : yield* Policy;
  const asked = step.groups.flatMap((group) => askGroup(group, options));
  const tell = (done: number) =>
    tellProgress({
      ...{ step: step.step, phase: "score", done, total: asked.length, unit: "probes" },
    });
  yield* tell(0);
  const measure = options.passes === "sequential" ? policy.beliefsSequential : policy.beliefs;
  const [duration, rows] = yield* Effect.timed(measure(asked.map(({ request }) => request)));
  yield* tell(asked.length);
  const groups = step.groups.map((group) => scoreGroup(group, answersOf(asked, rows), options));
  const scoredTokens = asked.reduce(
    (sum, { request: { boundaries, probe } }) => sum + boundaries.length * probe.ids.length,
    0,
  );
  const scoreSeconds = Duration.toSeconds(duration);
  return { ...step, groups, scoredTokens, scoreSeconds } satisfies ScoredStep;
});

function withoutBelief(episode: Episode): ScoredEpisode {
  const none = new Float64Array(0);
  return { ...episode, belief: none, without: none, goldLogProb: [] };
}

/** A request and which of its question's gold answers it is about. */
interface Asked {
  readonly gold: number;
  readonly request: BeliefRequest;
}

/** All prompts of a group are equal, so its first episode asks for the first belief of all. */
function askGroup(group: ReadonlyArray<Episode>, options: ScoreOptions): ReadonlyArray<Asked> {
  const { golds } = group[0]!.question;
  const probes = (options.gain.golds === "first" ? golds.slice(0, 1) : golds)
    .map(options.protocol.probe);
  return group.flatMap((episode, place) => {
    const boundaries = boundariesOf(episode).slice(place === 0 ? 0 : 1);
    const contexts = [
      { sequence: episode.id, tokens: episode.tokens, boundaries },
      ...(options.gain.against === "without" ? contextsWithout(episode) : []),
    ];
    return contexts.flatMap((context) =>
      probes.map((probe, gold) => ({ gold, request: { ...context, probe } }))
    );
  }).filter(({ request }) => request.boundaries.length > 0);
}

/** For each turn but the last, what the answer is given from with that turn cut out. */
function contextsWithout({ id, tokens, promptBoundary, turns }: Episode) {
  const end = turns.at(-2)?.boundary ?? promptBoundary;
  return turns.slice(0, -1).map(({ boundary }, turn) => {
    const start = turns[turn - 1]?.boundary ?? promptBoundary;
    const rest = Uint32Array.of(...tokens.subarray(0, start), ...tokens.subarray(boundary, end));
    return { sequence: withoutName(id, turn), tokens: rest, boundaries: [rest.length] };
  });
}

function withoutName(id: string, turn: number): string {
  return `${id} without turn ${turn}`;
}

/** Where an episode's beliefs are measured. */
function boundariesOf({ promptBoundary, turns }: Episode): ReadonlyArray<number> {
  return [promptBoundary, ...turns.slice(0, -1).map(({ boundary }) => boundary)];
}

/** Log-probs of one gold answer at a context's boundaries; those of the prompt only for a group's first. */
type Answers = (sequence: string, gold: number) => ReadonlyArray<Float64Array>;

function answersOf(
  asked: ReadonlyArray<Asked>,
  rows: ReadonlyArray<ReadonlyArray<Float64Array>>,
): Answers {
  const found = new Map(
    asked.map(({ gold, request }, i) => [`${gold} ${request.sequence}`, rows[i]!]),
  );
  return (sequence, gold) => found.get(`${gold} ${sequence}`) ?? [];
}

function scoreGroup(
  group: ReadonlyArray<Episode>,
  answers: Answers,
  { gain }: ScoreOptions,
): ReadonlyArray<ScoredEpisode> {
  const first = group[0]!;
  const goldCount = gain.golds === "first" ? 1 : first.question.golds.length;
  const combined = (rows: ReadonlyArray<Float64Array>) =>
    combineBeliefs(rows.map((row) => beliefOf(row, gain.logProbFloor)), gain.golds);
  const ofGolds = <A>(take: (gold: number) => A) =>
    Array.from({ length: goldCount }, (_, gold) => take(gold));
  return group.map((episode) => {
    const byGold = ofGolds((gold) => {
      const own = answers(episode.id, gold);
      return episode === first ? own : [answers(first.id, gold)[0]!, ...own];
    });
    const belief = Float64Array.from(
      episode.turns,
      (_, turn) => combined(byGold.map((rows) => rows[turn]!)),
    );
    const cut = gain.against === "without" ? episode.turns.slice(0, -1) : [];
    const without = Float64Array.from(
      cut,
      (_, turn) => combined(ofGolds((gold) => answers(withoutName(episode.id, turn), gold)[0]!)),
    );
    return { ...episode, belief, without, goldLogProb: byGold[0]! };
  });
}
