import { Predicate, Result, Schema } from "effect";
import { parseJson } from "../domain/json.ts";

/** A field that a log may lack or leave null. */
export const maybe = <S extends Schema.Constraint>(schema: S) =>
  Schema.optional(Schema.NullOr(schema));

/** A text that may be missing. */
export const Text = maybe(Schema.String);

/** A list of anything. */
export const List = Schema.Array(Schema.Unknown);

/** A JSON object of unknown fields. */
export const Fields = Schema.Record(Schema.String, Schema.Unknown);

/** The value of a text of JSON, and the text itself where it is none. Other values stay what they are. */
export function fromJson(value: unknown): unknown {
  if (!Predicate.isString(value) || !/^\s*[[{"]/.test(value)) return value;
  return Result.getOrElse(
    Result.try({ try: () => parseJson(value), catch: () => null }),
    () => value,
  );
}

/** A value of a list of texts, a text, or numbers and truth values as they are written; null for nothing. */
export function golds(...values: ReadonlyArray<unknown>): ReadonlyArray<string> | null {
  const found = values.find((value) => value !== undefined && value !== null);
  const list = Array.isArray(found) ? found : [found];
  const texts = list
    .filter((one) => Predicate.isString(one) || Predicate.isNumber(one) || Predicate.isBoolean(one))
    .map((one) => String(one).trim())
    .filter((text) => text !== "");
  return texts.length === 0 ? null : texts;
}

/** A text that is not blank, or null. */
export function textOrNull(value: unknown): string | null {
  return Predicate.isString(value) && value.trim() !== "" ? value : null;
}

/** Seconds between two times: ISO texts, or nanoseconds since 1970 as text or number. */
export function secondsBetween(start: unknown, end: unknown): number | null {
  const [from, to] = [timeOf(start), timeOf(end)];
  return Number.isFinite(to - from) && to >= from ? to - from : null;
}

/** Seconds since 1970; NaN for no time. */
export function timeOf(time: unknown): number {
  if (Predicate.isNumber(time)) return time / 1e9;
  if (!Predicate.isString(time)) return NaN;
  return /^\d+$/.test(time) ? Number(time) / 1e9 : Date.parse(time) / 1e3;
}

/** `{"a.0.b": 1}` as `{a: [{b: 1}]}`: OpenTelemetry has no attributes within attributes. */
export function nested(flat: Readonly<Record<string, unknown>>, prefix: string): unknown {
  const root: Tree = new Map();
  for (const [key, value] of Object.entries(flat)) {
    if (!key.startsWith(prefix)) continue;
    let node = root;
    const path = key.slice(prefix.length).split(".");
    for (const step of path.slice(0, -1)) {
      const next = node.get(step);
      const child: Tree = next instanceof Map ? next : new Map();
      node.set(step, child);
      node = child;
    }
    node.set(path.at(-1)!, value);
  }
  return plain(root);
}

type Tree = Map<string, unknown>;

function plain(node: unknown): unknown {
  if (!(node instanceof Map)) return node;
  const entries = [...node].map(([key, value]): [string, unknown] => [key, plain(value)]);
  return entries.length > 0 && entries.every(([key]) => /^\d+$/.test(key))
    ? entries.toSorted(([a], [b]) => Number(a) - Number(b)).map(([, value]) => value)
    : Object.fromEntries(entries);
}
