import { Effect, Result, Schema, type SchemaAST, SchemaIssue } from "effect";
import { BadInput } from "./errors.ts";
import { quote } from "./quote.ts";

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
  return Effect.fromResult(
    decodeInput(schema, input, `Cannot read ${what} as`, { onExcessProperty: "error" }),
  );
}

/**
 * Reads a value from outside; fails with the first rule that it breaks. `start` begins that sentence:
 * `Cannot read WHAT as`, and it goes on with `field "a.b" must be ...: current value is ...`.
 */
export function decodeInput<S extends Schema.Decoder<unknown>>(
  schema: S,
  input: unknown,
  start: string,
  options?: SchemaAST.ParseOptions,
): Result.Result<S["Type"], BadInput> {
  return Result.mapError(
    Schema.decodeUnknownResult(schema)(input, options),
    ({ issue }) => new BadInput({ message: `${start} ${ruleOf(schema, input, issue)}` }),
  );
}

/** Characters of a rule, which may list many names. */
const RULE_CHARACTERS = 400;

/** The first rule that a value breaks, and what stands there. */
function ruleOf(schema: unknown, input: unknown, issue: SchemaIssue.Issue): string {
  const found = findings(issue).issues[0];
  const path = (found?.path ?? []).map(String);
  const finding = found?.message ?? "";
  const field = path.length === 0 ? "it" : `field ${quote(path.join("."))}`;
  if (finding === UNKNOWN_FIELD) {
    const allowed = fieldsAt(schema, path.slice(0, -1)).join(", ");
    return `it has no ${field}: allowed are ${allowed}`;
  }
  if (finding === MISSING_FIELD) return `${field} is missing`;
  // JSON has no undefined: where it may stand, nothing may.
  const rule = finding.replace(/^Expected/, "must be").replace(/, (got|actual) .*$/s, "")
    .replace(/ \| undefined\b/, "");
  return `${field} ${rule.slice(0, RULE_CHARACTERS)}: current value is ${
    quote(valueAt(input, path))
  }`;
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
