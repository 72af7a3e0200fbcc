/** A transcript with what each turn was worth in its margin. */
/// <reference lib="dom" />
import { h, type JSX } from "preact";
import { useState } from "preact/hooks";
import type { EpisodeSegment, EpisodeTurn } from "../domain/episode_record.ts";
import type { PageEpisode } from "./data.ts";
import { chip } from "./elements.ts";
import { print } from "./numbers.ts";

/** What a transcript shows besides its episode. */
export interface TranscriptProps {
  readonly record: PageEpisode;
  /** Null where there was no room to keep it. */
  readonly transcript: ReadonlyArray<EpisodeSegment> | null;
  /** (T) what each turn was worth under the preset that is looked at. */
  readonly gains: ReadonlyArray<number | null>;
  readonly advantages: ReadonlyArray<number | null>;
  /** Values that have the fullest colours. */
  readonly largest: { readonly gain: number; readonly advantage: number };
  readonly turn: number;
  readonly onTurn: (turn: number) => void;
}

/** The transcript of an episode. */
export function Transcript(props: TranscriptProps): JSX.Element {
  const { record, transcript } = props;
  const [told, tell] = useState<string | null>(null);
  const parts = transcript ?? [];
  return h(
    "article",
    { class: "transcript" },
    h("h3", null, record.question.text),
    h("p", { class: "faint" }, factsOf(record)),
    transcript === null ? h("p", { class: "empty" }, NO_ROOM) : null,
    promptOf(parts),
    h(
      "ol",
      { class: "turns" },
      record.turns.map((turn, t) =>
        turnItem({ ...props, turn, t, tell, parts: parts.filter((part) => part.turn === t) })
      ),
    ),
    h("p", { class: "told", "aria-live": "polite" }, told ?? HINT),
  );
}

const NO_ROOM = "There was no room to keep this transcript; its numbers are all here";
const HINT = "Point at a token, or focus a message and press the left and right arrow keys";

function factsOf(
  { question, answer, ending, outcome, f1, seconds, sample }: PageEpisode,
): string {
  return [
    `rollout #${sample}`,
    ending,
    answer === null ? "no answer" : `answer: ${answer}`,
    `gold: ${question.golds.join(" | ") || "none"}`,
    `outcome ${print(outcome)}`,
    f1 === null ? null : `F1 ${print(Number(f1.toFixed(3)))}`,
    seconds === null
      ? null
      : `messages ${inSeconds(seconds.generate)}, tools ${inSeconds(seconds.tools)}`,
  ].filter((fact) => fact !== null).join(" · ");
}

function promptOf(parts: ReadonlyArray<EpisodeSegment>): JSX.Element | null {
  const prompt = parts.filter(({ turn }) => turn < 0);
  if (prompt.length === 0) return null;
  return h(
    "details",
    { class: "prompt" },
    h("summary", null, "prompt, not trained on"),
    prompt.map(({ text }) => h("pre", null, text)),
  );
}

/** A time for people. */
function inSeconds(seconds: number): string {
  return seconds < 1 ? `${(1000 * seconds).toFixed(1)} ms` : `${seconds.toFixed(2)} s`;
}

interface TurnProps extends Omit<TranscriptProps, "turn"> {
  readonly turn: EpisodeTurn;
  readonly t: number;
  readonly parts: ReadonlyArray<EpisodeSegment>;
  readonly tell: (words: string | null) => void;
}

function turnItem(props: TurnProps & { readonly turn: EpisodeTurn }): JSX.Element {
  const { record, turn, t, parts, gains, advantages, largest, onTurn, tell } = props;
  return h(
    "li",
    { class: "turn" },
    margin(record, t),
    h(
      "div",
      { class: "said" },
      h(
        "div",
        { class: "worth" },
        h("b", null, `turn ${t + 1}`),
        chip({ name: "gain", value: gains[t] ?? null, largest: largest.gain }),
        chip({ name: "advantage", value: advantages[t] ?? null, largest: largest.advantage }),
        Object.entries(turn.credits ?? {}).map(([name, value]) =>
          chip({ name, value, largest: largest.gain })
        ),
        disagrees(turn) ? h("span", { class: "lost" }, "uncertain: credits differ in sign") : null,
        h("button", { type: "button", class: "why", onClick: () => onTurn(t) }, "why this number"),
      ),
      joined(parts).map((group) => segment(group, tell)),
    ),
  );
}

/** Whether the credits of a turn differ in sign. */
function disagrees({ gain, credits = {} }: EpisodeTurn): boolean {
  const signs = [gain, ...Object.values(credits)].filter((value) => value !== null).map(Math.sign);
  return signs.includes(1) && signs.includes(-1);
}

/** The belief from before the turn, above, to after it, below; further right is more. */
function margin({ turns }: PageEpisode, t: number): JSX.Element {
  const beliefs = turns.map(({ belief }) => belief).filter((belief) => belief !== null);
  const before = turns[t]!.belief;
  if (before === null) return h("div", { class: "margin" });
  const after = turns[t + 1]?.belief ?? null;
  const low = Math.min(...beliefs);
  const high = Math.max(...beliefs);
  const x = (belief: number) => high === low ? 50 : 6 + 88 * (belief - low) / (high - low);
  const line = { x1: x(before), y1: 0, x2: x(after ?? before), y2: 100 };
  return h(
    "div",
    { class: "margin" },
    h("span", { class: "belief" }, h("span", null, "belief"), before.toFixed(2).replace("-", "−")),
    h(
      "div",
      { class: "path", "aria-hidden": "true" },
      after === null ? null : h(
        "svg",
        { viewBox: "0 0 100 100", preserveAspectRatio: "none" },
        h("line", { ...line, "vector-effect": "non-scaling-stroke" }),
      ),
      h("span", { class: "dot", style: { left: `${x(before)}%` } }),
    ),
  );
}

const NAMES = {
  prompt: "prompt",
  think: "think",
  call: "call",
  result: "result",
  answer: "answer",
  other: "message",
} as const satisfies Readonly<Record<EpisodeSegment["kind"], string>>;

/** Neighbouring parts of one kind; each result is a part of its own, with its time. */
function joined(
  parts: ReadonlyArray<EpisodeSegment>,
): ReadonlyArray<ReadonlyArray<EpisodeSegment>> {
  const groups: Array<Array<EpisodeSegment>> = [];
  for (const part of parts) {
    const last = groups.at(-1);
    if (last?.[0]?.kind === part.kind && part.kind !== "result") last.push(part);
    else groups.push([part]);
  }
  return groups;
}

function segment(
  parts: ReadonlyArray<EpisodeSegment>,
  tell: (words: string | null) => void,
): JSX.Element {
  const { kind, seconds, failure } = parts[0]!;
  const count = parts.reduce((sum, { trained }) => sum + (trained?.units.length ?? 0), 0);
  const facts = [
    NAMES[kind],
    seconds === null ? null : inSeconds(seconds),
    failure === null ? null : `failed: ${failure}`,
    count === 0 ? "not trained on" : `${count} tokens trained on`,
  ];
  return h(
    "div",
    { class: `segment ${kind}` },
    h("div", { class: "kind" }, facts.filter((fact) => fact !== null).join(" · ")),
    h(
      "div",
      { class: "text" },
      parts.map(({ text, trained }) =>
        trained === null
          ? h("span", { class: "read", title: "mask 0: not trained on" }, text)
          : h(Tokens, { text, trained, tell })
      ),
    ),
  );
}

interface TokensProps {
  readonly text: string;
  readonly trained: NonNullable<EpisodeSegment["trained"]>;
  readonly tell: (words: string | null) => void;
}

/** Nats below which a token has the fullest shade. */
const UNLIKELY = 4;

/** The tokens of a message; the less likely one was, the darker. */
function Tokens({ text, trained, tell }: TokensProps): JSX.Element {
  const [at, setAt] = useState<number | null>(null);
  const { units, logProb } = trained;
  const show = (index: number | null) => {
    setAt(index);
    tell(index === null ? null : wordsOf({ text, trained }, index));
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (step === 0) return;
    event.preventDefault();
    show(Math.max(0, Math.min(units.length - 1, (at ?? (step > 0 ? -1 : units.length)) + step)));
  };
  let end = 0;
  return h(
    "pre",
    { tabIndex: 0, onKeyDown, onMouseLeave: () => show(null), onBlur: () => show(null) },
    units.map((length, i) => {
      const shade = Math.min(1, Math.max(0, -(logProb[i] ?? 0)) / UNLIKELY);
      return h("span", {
        class: i === at ? "token here" : "token",
        style: { "--strength": `${(100 * shade).toFixed(0)}%` },
        onMouseEnter: () => show(i),
      }, text.slice(end, end += length));
    }),
  );
}

/** What is known of a token. */
function wordsOf({ text, trained }: Omit<TokensProps, "tell">, index: number): string {
  const { units, logProb, ratio, importanceWeight } = trained;
  const start = units.slice(0, index).reduce((sum, length) => sum + length, 0);
  const token = JSON.stringify(text.slice(start, start + units[index]!));
  const chance = logProb[index] ?? null;
  return [
    `token ${index + 1} of ${units.length}: ${token}`,
    "mask 1",
    `log-prob ${print(chance)}`,
    chance === null ? null : `probability ${print(Number(Math.exp(chance).toPrecision(4)))}`,
    ratio[index] === undefined ? "no update was applied" : `ratio ${print(ratio[index])}`,
    importanceWeight === undefined
      ? null
      : `importance weight ${print(importanceWeight[index] ?? null)}`,
  ].filter((fact) => fact !== null).join(" · ");
}
