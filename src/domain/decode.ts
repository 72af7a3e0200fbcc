import { Effect, Result, Schema, SchemaIssue } from "effect";
import { BadInput } from "./errors.ts";

/** A schema of a flat record whose fields are known by name. */
export type RecordSchema<A> = Schema.Codec<A, unknown> & {
  readonly fields: Readonly<Record<string, unknown>>;
};

const UNKNOWN_FIELD = "unknown field";
const MISSING_FIELD = "missing field";

const findings = SchemaIssue.makeFormatterStandardSchemaV1({
  leafHook: (issue) =>
    issue._tag === "UnexpectedKey"
      ? UNKNOWN_FIELD
      : issue._tag === "MissingKey"
      ? MISSING_FIELD
      : SchemaIssue.defaultLeafHook(issue),
});

/** Reads a record from parsed JSON; fails on wrong and unknown fields with one sentence that names `what`. */
export function decodeRecord<A>(
  schema: RecordSchema<A>,
  input: unknown,
  what: string,
): Effect.Effect<A, BadInput> {
  const decoded = Schema.decodeUnknownResult(schema)(input, { onExcessProperty: "error" });
  if (Result.isSuccess(decoded)) return Effect.succeed(decoded.success);
  const finding = findings(decoded.failure.issue).issues[0];
  const path = (finding?.path ?? []).map(String);
  const message = sentence({ finding: finding?.message ?? "", path, input, what, schema });
  return Effect.fail(new BadInput({ message }));
}

/** What went wrong, and where. */
interface Failure {
  readonly finding: string;
  readonly path: ReadonlyArray<string>;
  readonly input: unknown;
  readonly what: string;
  readonly schema: RecordSchema<unknown>;
}

function sentence({ finding, path, input, what, schema }: Failure): string {
  const field = path.join(".");
  if (finding === UNKNOWN_FIELD) {
    const allowed = fieldsAt(schema, path.slice(0, -1)).join(", ");
    return `Cannot read ${what} as it has no field "${field}": allowed are ${allowed}`;
  }
  if (finding === MISSING_FIELD) return `Cannot read ${what} as field "${field}" is missing`;
  const rule = finding.replace(/^Expected/, "must be").replace(/, (got|actual) .*$/s, "");
  const value = JSON.stringify(valueAt(input, path));
  return path.length === 0
    ? `Cannot read ${what} as it ${rule}: current value is ${value}`
    : `Cannot read ${what} as field "${field}" ${rule}: current value is ${value}`;
}

/** Names of the fields of the record at a path. */
function fieldsAt(schema: unknown, path: ReadonlyArray<string>): ReadonlyArray<string> {
  const fields = (schema as Partial<RecordSchema<unknown>>).fields ?? {};
  const [first, ...rest] = path;
  return first === undefined ? Object.keys(fields) : fieldsAt(fields[first] ?? {}, rest);
}

function valueAt(input: unknown, path: ReadonlyArray<string>): unknown {
  return path.reduce<unknown>(
    (value, key) =>
      Array.isArray(value) ? value[Number(key)] : isRecord(value) ? value[key] : undefined,
    input,
  );
}

/** Whether a value is a plain JSON object. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
