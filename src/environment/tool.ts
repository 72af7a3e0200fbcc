import { Cause, Duration, Effect, Result, Schema, type Scope } from "effect";
import type { ToolCall, ToolFailureKind, ToolResult } from "../domain/episode.ts";
import type { EnvironmentCrashed } from "../domain/errors.ts";
import type { Question } from "../domain/question.ts";
import { SEARCH_FAILURES } from "../domain/search.ts";
import type { ToolDescription } from "../text/system_prompt.ts";
import { endWithin } from "./deadline.ts";

/** What the agent is told about a tool, as the system prompt writes it. */
export type ToolSpec = ToolDescription;

/** The arguments break the tool's rule; `message` states the rule and ends without a full stop. */
export class ToolCallRejected extends Schema.TaggedError<ToolCallRejected>()("ToolCallRejected", {
  message: Schema.String,
}) {}

/** The tool understood the call but could not do it; `kind` where what it asks outside said why. */
export class ToolCrashed extends Schema.TaggedError<ToolCrashed>()("ToolCrashed", {
  message: Schema.String,
  kind: Schema.optionalKey(Schema.Literals(SEARCH_FAILURES)),
}) {}

/** Carries out one call; `callArguments` is whatever JSON the model wrote, so decode it first. */
export type RunTool = (
  callArguments: unknown,
) => Effect.Effect<string, ToolCallRejected | ToolCrashed>;

/** A tool without state: every episode shares it. */
export interface Tool {
  readonly spec: ToolSpec;
  readonly run: RunTool;
}

/** A tool by what goes in and what comes out. */
export interface ToolDefinition<Input, Output> {
  readonly name: string;
  readonly description: string;
  /** What the model must write; its annotations and types become the JSON signature in the prompt. */
  readonly input: Schema.Decoder<Input>;
  /** What `run` answers with, which the agent reads as JSON. @default {Schema.String, read as it is} */
  readonly output?: Schema.Encoder<Output>;
  readonly run: (input: Input) => Effect.Effect<Output, ToolCallRejected | ToolCrashed>;
}

/** A tool whose arguments are decoded before it runs; the agent reads what was wrong with those that cannot be. */
export function makeTool<Input, Output = string>(
  { name, description, input, output, run }: ToolDefinition<Input, Output>,
): Tool {
  const decode = Schema.decodeUnknownResult(input);
  const encode = output === undefined ? String : (value: Output) => {
    return JSON.stringify(Schema.encodeSync(output)(value)) ?? "null";
  };
  return {
    spec: { name, description, parameters: signatureOf(input) },
    run: (callArguments) => {
      const decoded = decode(callArguments);
      if (Result.isSuccess(decoded)) return Effect.map(run(decoded.success), encode);
      const message = decoded.failure.message.replaceAll(/\s+/g, " ").slice(0, MAX_QUOTED);
      return Effect.fail(new ToolCallRejected({ message }));
    },
  };
}

/** A schema as JSON Schema, without what tells a model nothing. */
function signatureOf(schema: Schema.Top): Readonly<Record<string, unknown>> {
  const { schema: json, definitions } = Schema.toJsonSchemaDocument(schema);
  const whole = Object.keys(definitions).length === 0 ? json : { ...json, $defs: definitions };
  return JSON.parse(JSON.stringify(whole, (key, value) => {
    const isNoise = key === "additionalProperties" && value === true ||
      (key === "minimum" || key === "maximum") && Math.abs(value) === Number.MAX_SAFE_INTEGER;
    return isNoise ? undefined : value;
  }));
}

/** A tool with state of its own for each episode, released when the episode's scope closes. */
export interface SessionTool {
  readonly spec: ToolSpec;
  readonly open: (question: Question) => Effect.Effect<RunTool, EnvironmentCrashed, Scope.Scope>;
}

/** The tools of an opened episode, by name. */
export type OpenTools = ReadonlyMap<string, RunTool>;

type ToolOutcome = Pick<ToolResult, "content" | "failure">;

/**
 * Carries out one call within `deadline`. Never fails: an unknown tool, refused arguments, a missed deadline
 * (the tool is interrupted, see {@link endWithin}) or a crash become one sentence for the agent.
 */
export const runToolCall = Effect.fnUntraced(
  function* (tools: OpenTools, call: ToolCall, deadline: Duration.Duration) {
    const [duration, outcome] = yield* Effect.timed(attempt(tools, call, deadline));
    return { call, ...outcome, seconds: Duration.toSeconds(duration) } satisfies ToolResult;
  },
);

function attempt(
  tools: OpenTools,
  call: ToolCall,
  deadline: Duration.Duration,
): Effect.Effect<ToolOutcome> {
  const run = tools.get(call.name);
  if (run === undefined) return Effect.succeed(failed("unknown_tool", unknownTool(tools, call)));
  const late = `No result from ${call.name} within ${Duration.toSeconds(deadline)} s`;
  const answered = Effect.suspend(() => run(call.arguments)).pipe(
    Effect.map((content) => answer(call, content)),
  );
  return endWithin(answered, deadline, () => Effect.succeed(failed("deadline", late))).pipe(
    Effect.catchTag(
      "ToolCallRejected",
      (error) =>
        Effect.succeed(failed("bad_arguments", `Cannot call ${call.name}: ${error.message}`)),
    ),
    Effect.catchTag(
      "ToolCrashed",
      ({ kind, message }) =>
        Effect.succeed(failed(kind ?? "crash", `${call.name} failed: ${firstLine(message)}`)),
    ),
    Effect.catchCause((cause) =>
      Effect.succeed(failed("crash", `${call.name} failed: ${reasonOf(cause)}`))
    ),
  );
}

/** What foreign code answered, whatever its types promise. */
function answer({ name }: ToolCall, content: unknown): ToolOutcome {
  if (typeof content === "string") return { content, failure: null };
  return failed("crash", `${name} failed: its answer must be a string: it is a ${typeof content}`);
}

function failed(failure: ToolFailureKind, content: string): ToolOutcome {
  return { content, failure };
}

/** Characters of foreign text that may enter an observation. */
const MAX_QUOTED = 160;

function unknownTool(tools: OpenTools, call: ToolCall): string {
  const known = [...tools.keys()].join(", ");
  return `No tool is called "${call.name.slice(0, MAX_QUOTED)}": the tools are ${known}`;
}

function reasonOf(cause: Cause.Cause<unknown>): string {
  return firstLine(messageOf(Cause.squash(cause))) || "no reason was given";
}

/** Stack traces are for logs, not for agents. */
function firstLine(message: string): string {
  return message.split("\n")[0]!.slice(0, MAX_QUOTED);
}

/** The message of a thrown value; empty where it has none. */
export function messageOf(thrown: unknown): string {
  if (thrown instanceof Error) return thrown.message;
  // What is thrown need not be an error, and not every object can be a string.
  return typeof thrown === "object" ? "" : String(thrown);
}
