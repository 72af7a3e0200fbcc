/** Questions to both agents, and their answers with the belief after each turn. */
/// <reference lib="dom" />
import { h, type JSX, type TargetedEvent } from "preact";
import { useEffect, useState } from "preact/hooks";
import { chip } from "../page/elements.ts";
import { short } from "../page/numbers.ts";
import type { AskedQuestion, LiveEpisode, LiveTurn } from "../tab/messages.ts";
import type { Side } from "./app.ts";

/** What the part of the page on answers needs. */
export interface AnswersProps {
  readonly sides: ReadonlyArray<Side>;
}

/** A choice of questions, and the last episode of each agent. */
export function Answers({ sides }: AnswersProps): JSX.Element {
  const [question, setQuestion] = useState(0);
  const questions = sides.map(({ state }) => state.ready).find((ready) => ready !== null)
    ?.questions;
  const isFree = sides.length > 0 &&
    sides.every(({ state }) => state.ready !== null && !state.isAsked);
  const ask = () => sides.forEach((side) => side.ask({ kind: "answer", question }));
  return h(
    "div",
    null,
    h(
      "div",
      { class: "bar" },
      questionChoice(questions ?? [], question, setQuestion),
      h("button", { type: "button", class: "main", disabled: !isFree, onClick: ask }, "Ask both"),
      h("span", { class: "faint" }, HINT),
    ),
    h(
      "div",
      { class: "beside" },
      sides.map((side) =>
        h(
          "article",
          { key: side.preset, "aria-live": "polite" },
          h("h3", null, side.preset),
          side.state.episode === null
            ? h("p", { class: "faint" }, side.state.isAsked ? WAITS : "Not asked yet")
            : h(EpisodeView, { side, episode: side.state.episode }),
        )
      ),
    ),
  );
}

const HINT = "Belief: the probability of a token of the right answer, were it given now. " +
  "Edit what a search found, and see what becomes of it.";
const WAITS = "Waits for the step that is under way";

function questionChoice(
  questions: ReadonlyArray<AskedQuestion>,
  value: number,
  onChoose: (question: number) => void,
): JSX.Element {
  const byKind = Map.groupBy(questions.entries(), ([, { kind }]) => kind);
  return h(
    "label",
    { class: "choice question" },
    h("span", null, "question"),
    h(
      "select",
      {
        value: String(value),
        onChange: ({ currentTarget }: TargetedEvent<HTMLSelectElement>) =>
          onChoose(Number(currentTarget.value)),
      },
      [...byKind].sort(([a], [b]) => a < b ? 1 : -1).map(([kind, own]) =>
        h(
          "optgroup",
          { label: kind },
          own.map(([index, { text }]) =>
            h("option", { value: String(index), selected: index === value }, text)
          ),
        )
      ),
    ),
  );
}

interface EpisodeProps {
  readonly side: Side;
  readonly episode: LiveEpisode;
}

function EpisodeView({ side, episode }: EpisodeProps): JSX.Element {
  const { question, turns, beliefs, f1 } = episode;
  return h(
    "div",
    null,
    h("p", null, question.text, h("span", { class: "faint" }, ` ${question.gold} is right`)),
    beliefLine(beliefs[0]),
    h("ol", { class: "turns" }, turns.map((_, t) => h(TurnView, { key: t, side, episode, t }))),
    f1 === null
      ? h("p", { class: "faint" }, "…")
      : h("p", { class: f1 === 1 ? "right" : "wrong" }, endOf(turns.at(-1), f1)),
  );
}

function endOf(last: LiveTurn | undefined, f1: number): string {
  if (last?.isAnswer !== true) return "No answer";
  return f1 === 1 ? "Right" : f1 === 0 ? "Wrong" : `F1 ${f1.toFixed(2)}`;
}

/** A belief as a bar and a number. */
function beliefLine(belief: number | undefined): JSX.Element | null {
  if (belief === undefined) return null;
  return h(
    "div",
    { class: "believed" },
    h("span", { class: "faint" }, "belief"),
    h("meter", { min: 0, max: 1, value: belief, "aria-hidden": "true" }),
    h("span", null, short(belief)),
  );
}

function TurnView({ side, episode, t }: EpisodeProps & { readonly t: number }): JSX.Element {
  const { thought, said, isAnswer } = episode.turns[t]!;
  const gain = gainOf(episode, t);
  const before = side.state.unedited === null ? null : gainOf(side.state.unedited, t);
  return h(
    "li",
    { class: "played" },
    h(
      "div",
      { class: "worth" },
      h("b", null, isAnswer ? "answers" : "searches"),
      h("span", { class: "words" }, said),
      chip({ name: "gain", value: gain, largest: 1 }),
      before === null || before === gain
        ? null
        : chip({ name: "before the edit", value: before, largest: 1 }),
    ),
    thought === "" ? null : h("div", { class: "faint words" }, thought),
    h(Results, { side, episode, t }),
    isAnswer ? null : beliefLine(episode.beliefs[t + 1]),
  );
}

/** What a turn added to the belief; null where that is not known. */
function gainOf({ beliefs }: LiveEpisode, t: number): number | null {
  const [before, after] = [beliefs[t], beliefs[t + 1]];
  return before === undefined || after === undefined ? null : after - before;
}

/** The results of a turn, to be edited once the episode is over. */
function Results({ side, episode, t }: EpisodeProps & { readonly t: number }): JSX.Element | null {
  const { results } = episode.turns[t]!;
  const [edited, edit] = useState<ReadonlyArray<string> | null>(null);
  const texts = edited ?? results;
  useEffect(() => edit(null), [results.join("\n")]);
  // After the last turn nobody reads what it found.
  const isRead = t < episode.turns.length - 1;
  if (results.length === 0) return null;
  const send = () => {
    side.ask({ kind: "edit", turn: t, results: texts });
    edit(null);
  };
  return h(
    "div",
    { class: "found" },
    texts.map((text, i) =>
      h("textarea", {
        "aria-label": "what the search found",
        rows: text.trim().split("\n").length,
        value: text,
        disabled: !isRead || side.state.isAsked || side.state.ready === null,
        onInput: ({ currentTarget }: TargetedEvent<HTMLTextAreaElement>) =>
          edit(texts.map((one, j) => i === j ? currentTarget.value : one)),
      })
    ),
    edited === null
      ? null
      : h("button", { type: "button", onClick: send }, "Go on with this result"),
  );
}
