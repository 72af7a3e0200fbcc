import { Result } from "effect";
import { isRecord } from "../domain/decode.ts";
import { MOST_TURNS, type Trace } from "../domain/trace.ts";
import { finish, type Importer } from "./importer.ts";
import { aiSdk } from "./importers/ai_sdk.ts";
import { anthropic } from "./importers/anthropic.ts";
import { atif } from "./importers/atif.ts";
import { drVenus } from "./importers/dr_venus.ts";
import { igpo } from "./importers/igpo.ts";
import { inspect } from "./importers/inspect.ts";
import { langfuse } from "./importers/langfuse.ts";
import { langsmith } from "./importers/langsmith.ts";
import { nemoGym } from "./importers/nemo_gym.ts";
import { openaiChat } from "./importers/openai_chat.ts";
import { openaiResponses } from "./importers/openai_responses.ts";
import { openInference } from "./importers/openinference.ts";
import { otel } from "./importers/otel.ts";
import { plain } from "./importers/plain.ts";
import { skyrl } from "./importers/skyrl.ts";
import { verifiers } from "./importers/verifiers.ts";
import { whoAndWhen } from "./importers/who_and_when.ts";

/** The formats, in the order in which they are tried: those with marks of their own first. */
export const IMPORTERS: ReadonlyArray<Importer> = [
  igpo,
  atif,
  inspect,
  openInference,
  otel,
  langfuse,
  langsmith,
  nemoGym,
  verifiers,
  skyrl,
  whoAndWhen,
  drVenus,
  plain,
  aiSdk,
  anthropic,
  openaiResponses,
  openaiChat,
];

/** What is no trace, and why. */
export interface Refused {
  readonly source: string;
  /** The format that it has, null for none that is known. */
  readonly format: string | null;
  readonly reason: string;
}

/** A trace, or why there is none. */
export type Imported = Result.Result<Trace, Refused>;

/** Most elements of a list in a document, so that no reading takes long. */
const MOST_ELEMENTS = 20 * MOST_TURNS;

/** The traces of a document: one of a known format, or a list of such. `source` is its file and place. */
export function importDocument(document: unknown, source: string): ReadonlyArray<Imported> {
  const longest = longestList(document);
  if (longest > MOST_ELEMENTS) {
    const reason = `its lists must have at most ${MOST_ELEMENTS} elements: one has ${longest}`;
    return [Result.fail({ source, format: null, reason })];
  }
  const whole = importAs(document, source);
  if (whole !== null) return whole;
  if (!Array.isArray(document) || document.length === 0) return [unknown(document, source)];
  return document.flatMap((one, i) =>
    importAs(one, `${source}#${i}`) ?? [unknown(one, `${source}#${i}`)]
  );
}

/** Elements of a list, or of the longest one among the fields of a record. */
function longestList(document: unknown): number {
  if (Array.isArray(document)) return document.length;
  if (!isRecord(document)) return 0;
  return Object.values(document).reduce<number>(
    (longest, value) => Array.isArray(value) ? Math.max(longest, value.length) : longest,
    0,
  );
}

function importAs(document: unknown, source: string): ReadonlyArray<Imported> | null {
  const found = IMPORTERS.find(({ misses }) => misses(document) === null);
  if (found === undefined) return null;
  const format = found.name;
  const refuse = (reason: string, place = source): Imported =>
    Result.fail({ source: place, format, reason });
  const read = found.read(document);
  if (Result.isFailure(read)) return [refuse(read.failure)];
  if (read.success.length === 0) return [refuse("it holds no trace")];
  return read.success.map((draft, i) => {
    const place = read.success.length === 1 ? source : `${source}#${i}`;
    const trace = finish(draft, { source: place, format });
    return Result.isFailure(trace) ? refuse(trace.failure, place) : Result.succeed(trace.success);
  });
}

function unknown(document: unknown, source: string): Imported {
  const tried = IMPORTERS.map(({ name, misses }) => `${name}: ${misses(document)}`).join("; ");
  const reason = `it must have a known format: ${tried}`;
  return Result.fail({ source, format: null, reason });
}
