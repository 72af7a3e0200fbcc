import { Equal } from "effect";
import type { TraceCall, TraceReply, TraceTurn } from "../domain/trace.ts";
import type { Losses, Message, Part, ResultPart } from "./message.ts";

/** A run of a tool that a log has beside its messages. */
export interface ToolRun extends Omit<ResultPart, "_tag"> {
  readonly arguments: unknown;
  readonly seconds: number | null;
  /** Number of turns that had begun before it. */
  readonly after: number;
}

/** A conversation as turns. */
export interface Conversation {
  readonly system: string | null;
  /** What the user said first. */
  readonly asked: string | null;
  readonly turns: ReadonlyArray<TraceTurn>;
}

type Open<A> = { -readonly [K in keyof A]: A[K] };
interface OpenCall extends Open<TraceCall> {
  readonly id: string | null;
}
interface OpenTurn {
  readonly think: Array<string>;
  readonly text: Array<string>;
  readonly calls: Array<OpenCall>;
  readonly replies: Array<TraceReply>;
  readonly seconds: number | null;
  readonly source: string;
}

/**
 * Folds messages into turns. A result goes to the call of its id, else to the first call of its name, or of any, that
 * waits for one. Where a message goes on after a result, as with tools that a provider runs, another turn begins.
 * `runs` answer the calls that still wait, and tell how long each took.
 */
export function turnsOf(
  messages: ReadonlyArray<Message>,
  losses: Losses,
  runs: ReadonlyArray<ToolRun> = [],
): Conversation {
  const fold = new Fold(losses);
  for (const message of messages) fold.add(message);
  for (const run of runs) fold.addRun(run);
  return fold.conversation;
}

class Fold {
  readonly #losses: Losses;
  readonly #system: Array<string> = [];
  readonly #asked: Array<string> = [];
  readonly #turns: Array<OpenTurn> = [];
  /** Calls without a result, in order. */
  #waiting: Array<OpenCall> = [];

  constructor(losses: Losses) {
    this.#losses = losses;
  }

  add(message: Message): void {
    if (message.role === "assistant") return this.#addTurns(message);
    for (const part of message.parts) {
      if (part._tag === "Result") this.#answer(part);
      else if (part._tag === "Text") this.#reply(message.role, part.text);
      else this.#losses.add(`${part._tag.toLowerCase()} in a message of the ${message.role}`);
    }
  }

  #addTurns({ parts, source, seconds = null }: Message): void {
    const begin = (): OpenTurn => {
      const turn = { think: [], text: [], calls: [], replies: [], seconds, source };
      this.#turns.push(turn);
      return turn;
    };
    // Without marks between the steps of a message, each result ends one.
    const hasSteps = parts.some(({ _tag }) => _tag === "Step");
    let turn: OpenTurn | null = null;
    let isOver = false;
    for (const part of parts) {
      if (part._tag === "Step") isOver = true;
      else if (part._tag === "Result") {
        this.#answer(part);
        isOver ||= !hasSteps;
      } else {
        if (turn === null || isOver) turn = begin();
        isOver = false;
        this.#write(turn, part);
      }
    }
    // A message of nothing is an action, too.
    if (turn === null) begin();
  }

  #write(turn: OpenTurn, part: Exclude<Part, ResultPart | { _tag: "Step" }>): void {
    if (part._tag === "Text") turn.text.push(part.text);
    else if (part._tag === "Think") turn.think.push(part.text);
    else {
      const { id, name, arguments: given } = part;
      const call = { id, name, arguments: given, result: null, isError: false, seconds: null };
      turn.calls.push(call);
      this.#waiting.push(call);
    }
  }

  #answer(result: ResultPart): void {
    const call = this.#take(result, null);
    if (call === null) return this.#reply("tool", result.text);
    call.result = result.text;
    call.isError = result.isError;
  }

  /** The waiting call that a result belongs to, taken off the list. */
  #take({ id, name }: Pick<ResultPart, "id" | "name">, given: unknown): OpenCall | null {
    const waiting = this.#waiting;
    const sameId = (call: OpenCall) => id !== null && call.id === id;
    const sameName = (call: OpenCall) => name === null || call.name === name;
    const same = waiting.find(sameId) ??
      waiting.find((call) =>
        given !== null && sameName(call) && Equal.equals(call.arguments, given)
      ) ??
      waiting.find((call) => (id === null || call.id === null || given !== null) && sameName(call));
    if (same === undefined) return null;
    this.#waiting = waiting.filter((call) => call !== same);
    return same;
  }

  #reply(role: "user" | "system" | "tool", text: string): void {
    const last = this.#turns.at(-1);
    if (last !== undefined) last.replies.push({ role, text });
    else if (role === "system") this.#system.push(text);
    else if (role === "user") this.#asked.push(text);
    else this.#losses.add("result before the first turn");
  }

  addRun(run: ToolRun): void {
    const { text, isError, seconds } = run;
    const call = this.#take(run, run.arguments);
    if (call !== null) return void Object.assign(call, { result: text, isError, seconds });
    const answered = this.#turns.flatMap(({ calls }) => calls).find((one) =>
      one.seconds === null && one.result !== null &&
      (run.id !== null && one.id !== null
        ? one.id === run.id
        : one.name === run.name && Equal.equals(one.arguments, run.arguments))
    );
    if (answered !== undefined) return void (answered.seconds = seconds);
    const turn = this.#turns[run.after - 1];
    if (turn === undefined) return this.#losses.add("run of a tool before the first turn");
    this.#losses.add(
      "run of a tool that no message asks for, kept as a call of the turn before it",
    );
    const { id, name, arguments: given } = run;
    turn.calls.push({
      ...{ id, name: name ?? "unnamed", arguments: given },
      ...{ result: text, isError, seconds },
    });
  }

  get conversation(): Conversation {
    return {
      system: joined(this.#system),
      // What a user said in several parts before the first turn is one question.
      asked: joined(this.#asked),
      turns: this.#turns.map(({ think, text, calls, ...turn }) => ({
        ...turn,
        think: joined(think),
        text: joined(text),
        calls: calls.map(({ id: _id, ...call }) => call),
      })),
    };
  }
}

function joined(texts: ReadonlyArray<string>): string | null {
  return texts.length === 0 ? null : texts.join("\n\n");
}
