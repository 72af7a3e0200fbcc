import { Result, Schema } from "effect";
import { MOST_TURNS, Trace } from "../domain/trace.ts";
import { Losses, type Message } from "./message.ts";
import { textOrNull } from "./shapes.ts";
import { type Conversation, type ToolRun, turnsOf } from "./turns.ts";

/** A trace before its fields are checked. */
export interface Draft {
  readonly id: string | null;
  /** The task, where the log has it apart from the messages. */
  readonly question: string | null;
  readonly golds: ReadonlyArray<string> | null;
  readonly reward: number | null;
  readonly conversation: Conversation;
  readonly lost: ReadonlyArray<string>;
}

/** What a log tells besides its messages. */
export type About = Partial<Pick<Draft, "id" | "question" | "golds" | "reward">>;

/** How one format is read. */
export interface Importer {
  readonly name: string;
  /** Why a document is not of this format, in a few words; null where it is. */
  readonly misses: (document: unknown) => string | null;
  /** The traces of such a document, or why it holds none. */
  readonly read: (document: unknown) => Result.Result<ReadonlyArray<Draft>, string>;
}

/** An importer of the documents of a shape; `lacks` says what others lack. */
export function importer<S extends Schema.Constraint>(options: {
  readonly name: string;
  readonly shape: S & Schema.Decoder<unknown>;
  readonly lacks: string;
  readonly read: (
    document: S["Type"],
  ) => Draft | ReadonlyArray<Draft> | Result.Result<ReadonlyArray<Draft>, string>;
}): Importer {
  const { name, shape, lacks } = options;
  const isShape = Schema.is(shape);
  return {
    name,
    misses: (document) => isShape(document) ? null : lacks,
    read: (document) => {
      // `misses` was asked before, so that the document has the shape.
      const read = options.read(document as S["Type"]);
      if (Result.isResult(read)) return read;
      return Result.succeed(Array.isArray(read) ? read : [read as Draft]);
    },
  };
}

/** Messages as a trace. */
export function draftOf(
  messages: ReadonlyArray<Message>,
  about: About,
  { losses = new Losses(), runs = [] }: {
    readonly losses?: Losses;
    readonly runs?: ReadonlyArray<ToolRun>;
  } = {},
): Draft {
  const { id = null, question = null, golds = null, reward = null } = about;
  const conversation = turnsOf(messages, losses, runs);
  return { id, question, golds, reward, conversation, lost: losses.lines };
}

/** A draft as a trace, or why it is none. */
export function finish(
  draft: Draft,
  { source, format }: Pick<Trace, "source" | "format">,
): Result.Result<Trace, string> {
  const { conversation: { turns, asked, system }, lost } = draft;
  if (turns.length === 0) return Result.fail("it holds no message of an agent");
  if (turns.length > MOST_TURNS) {
    return Result.fail(`it must have at most ${MOST_TURNS} turns: it has ${turns.length}`);
  }
  const trace = Schema.decodeUnknownResult(Trace)({
    id: draft.id ?? source,
    source,
    format,
    question: textOrNull(draft.question) ?? textOrNull(asked),
    golds: draft.golds,
    system,
    turns,
    answer: answerOf(turns),
    reward: draft.reward,
    lost,
  });
  return Result.mapError(trace, ({ message }) => message.replaceAll(/\s*\n\s*/g, " "));
}

/** What stands in `<answer>` in the last turn, else its text; null where it calls a tool or says nothing. */
function answerOf(turns: Trace["turns"]): string | null {
  const { text, calls } = turns.at(-1)!;
  if (text === null || calls.length > 0) return null;
  return textOrNull((/<answer>(.*?)<\/answer>/s.exec(text)?.[1] ?? text).trim());
}
