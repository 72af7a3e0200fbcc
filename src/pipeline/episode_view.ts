import type { RewardedEpisode } from "../domain/batch.ts";
import type { Action, Episode, Turn } from "../domain/episode.ts";
import type { EpisodeView, TurnView } from "../domain/report.ts";
import type { EpisodeAdvantages } from "../igpo/advantages.ts";
import type { Tokenizer } from "../text/tokenizer.ts";
import type { TrainingStep } from "./steps.ts";

/**
 * The most instructive episode of a step: the longest of those with the largest outcome. Null if the preset measures
 * no beliefs or the step kept no episode.
 */
export function tellingEpisode(step: TrainingStep, tokenizer: Tokenizer): EpisodeView | null {
  const advantages = step.advantages.flat();
  const shown = step.groups.flatMap((group) => group.episodes)
    .map((episode, i) => ({ episode, advantages: advantages[i]! }))
    .filter(({ episode }) => episode.belief.length > 0)
    .sort((a, b) =>
      b.episode.outcome - a.episode.outcome || b.episode.turns.length - a.episode.turns.length
    )[0];
  return shown === undefined ? null : viewEpisode(shown.episode, shown.advantages, tokenizer);
}

/** An episode in words and numbers. */
export function viewEpisode(
  episode: RewardedEpisode,
  advantages: EpisodeAdvantages,
  tokenizer: Tokenizer,
): EpisodeView {
  const { question, belief, gain, f1, outcome } = episode;
  const turns = episode.turns.map((turn, t): TurnView => ({
    ...sayTurn(episode, t, tokenizer),
    found: foundBy(turn),
    belief: belief[t + 1] ?? null,
    gain: gain[t] ?? null,
    advantage: advantages.turn[t]!,
  }));
  const { text, kind, golds } = question;
  return { question: text, kind, gold: golds[0]!, firstBelief: belief[0]!, turns, f1, outcome };
}

/** A turn's message in words. */
export function sayTurn(
  episode: Pick<Episode, "spans" | "tokens" | "turns">,
  turn: number,
  tokenizer: Tokenizer,
): Pick<TurnView, "thought" | "said" | "isAnswer"> {
  const { action } = episode.turns[turn]!;
  return {
    thought: thoughtOf(episode, turn, tokenizer),
    said: wordsOf(action),
    isAnswer: action._tag === "Answer",
  };
}

/** The text of a turn's message before `</think>`, or all of it without `</think>`. */
function thoughtOf(
  { spans, tokens }: Pick<Episode, "spans" | "tokens">,
  turn: number,
  tokenizer: Tokenizer,
): string {
  const action = spans.find((span) => span.kind === "action" && span.turn === turn);
  if (action === undefined) return "";
  const text = tokenizer.decode(tokens.subarray(action.start, action.end));
  return text.split("</think>")[0]!.trim();
}

function wordsOf(action: Action): string {
  switch (action._tag) {
    case "Answer":
      return action.text;
    case "Malformed":
      return `(malformed: ${action.reason})`;
    case "ToolCalls":
      return action.calls.map((call) => textsIn(call.arguments).join(", ")).join("; ");
  }
}

/** The texts in a call's arguments, such as its queries; other values are shown as JSON. */
function textsIn(value: unknown): ReadonlyArray<string> {
  if (typeof value === "string") return [value.trim()];
  if (typeof value !== "object" || value === null) return [JSON.stringify(value)];
  return Object.values(value).flatMap(textsIn);
}

/** The first line of each result. */
function foundBy({ results }: Turn): ReadonlyArray<string> {
  return results.map(({ content }) => content.trim().split("\n")[0]!);
}
