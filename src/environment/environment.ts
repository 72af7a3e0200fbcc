import { Cause, Context, Duration, Effect, Layer, Scope } from "effect";
import type { Action, StepResult } from "../domain/episode.ts";
import { EnvironmentCrashed } from "../domain/errors.ts";
import type { Question } from "../domain/question.ts";
import { endWithin, looseScope } from "./deadline.ts";
import {
  messageOf,
  type OpenTools,
  type RunTool,
  runToolCall,
  type SessionTool,
  type Tool,
  type ToolSpec,
} from "./tool.ts";

/** One episode's view of an environment; it closes with the scope it was opened in. */
export interface Session {
  /** Carries out what the agent asked for: something to read, or the end of the episode. */
  readonly step: (action: Action) => Effect.Effect<StepResult, EnvironmentCrashed>;
}

/** Where an agent acts: it offers tools and opens one session an episode. */
export class Environment extends Context.Service<Environment, {
  readonly tools: ReadonlyArray<ToolSpec>;
  readonly open: (
    question: Question,
  ) => Effect.Effect<Session, EnvironmentCrashed, Scope.Scope>;
}>()("igpo/environment/Environment") {
  /** An environment that consists only of tools. */
  static readonly layerTools = (options: ToolEnvironmentOptions): Layer.Layer<Environment> =>
    Layer.succeed(Environment, makeToolEnvironment(options));
}

/** What an environment made of tools needs. */
export interface ToolEnvironmentOptions {
  readonly tools: ReadonlyArray<Tool | SessionTool>;
  /** How long one call may take before it is interrupted. */
  readonly deadline: Duration.Input;
  /** How many calls of one message run at the same time. */
  readonly concurrency: number;
  /** Grades a final answer; without it the preset's F1 is the outcome. */
  readonly grade?: (
    question: Question,
    answer: string,
  ) => Effect.Effect<number, EnvironmentCrashed>;
}

/**
 * An environment made of tools. Calls of one message run in parallel and their results keep the order of
 * the calls. An answer or a malformed message ends the episode.
 */
export function makeToolEnvironment(options: ToolEnvironmentOptions): Environment["Service"] {
  const deadline = Duration.fromInputUnsafe(options.deadline);
  const openTool = Effect.fnUntraced(function* ({ spec, open }: SessionTool, question: Question) {
    const scope = yield* looseScope;
    return yield* endWithin(
      Scope.provide(open(question), scope),
      deadline,
      () => Effect.fail(late("open", spec.name, deadline)),
    );
  });
  const open = Effect.fn("Environment.open")(
    function* (question: Question) {
      const tools = new Map<string, RunTool>();
      for (const tool of options.tools) {
        tools.set(tool.spec.name, "open" in tool ? yield* openTool(tool, question) : tool.run);
      }
      return { step: makeStep(options, question, tools) } satisfies Session;
    },
    crashedAt("open"),
  );
  return Environment.of({ tools: options.tools.map((tool) => tool.spec), open });
}

function makeStep(
  options: ToolEnvironmentOptions,
  question: Question,
  tools: OpenTools,
): Session["step"] {
  const deadline = Duration.fromInputUnsafe(options.deadline);
  return Effect.fn("Environment.step")(
    function* (action: Action): Effect.fn.Return<StepResult, EnvironmentCrashed> {
      switch (action._tag) {
        case "ToolCalls": {
          const results = yield* Effect.forEach(
            action.calls,
            (call) => runToolCall(tools, call, deadline),
            { concurrency: options.concurrency },
          );
          return { _tag: "Observation", results };
        }
        case "Answer": {
          const { grade } = options;
          const text = action.text.trim();
          const outcome = grade === undefined ? null : yield* endWithin(
            Effect.suspend(() => grade(question, text)),
            deadline,
            () => Effect.fail(late("step", "grade", deadline)),
          );
          return { _tag: "End", outcome: outcome === null ? null : yield* checkOutcome(outcome) };
        }
        case "Malformed":
          return { _tag: "End", outcome: null };
      }
    },
    crashedAt("step"),
  );
}

function late(boundary: Boundary, what: string, deadline: Duration.Duration): EnvironmentCrashed {
  const message = `No result from ${what} within ${Duration.toSeconds(deadline)} s`;
  return new EnvironmentCrashed({ boundary: `environment.${boundary}`, message });
}

function checkOutcome(outcome: unknown): Effect.Effect<number, EnvironmentCrashed> {
  if (typeof outcome === "number" && Number.isFinite(outcome)) return Effect.succeed(outcome);
  return Effect.fail(
    new EnvironmentCrashed({
      boundary: "environment.step",
      message: `A grade must be a finite number: it is ${messageOf(outcome) || typeof outcome}`,
    }),
  );
}

/** Where an environment can break. */
type Boundary = "open" | "step";

/** Turns whatever breaks an environment into an error that drops one episode, not the run. */
function crashedAt(boundary: Boundary) {
  return <A, R>(effect: Effect.Effect<A, EnvironmentCrashed, R>) =>
    Effect.catchCause(effect, (cause) => {
      const thrown: unknown = Cause.squash(cause);
      if (Cause.hasInterrupts(cause) || thrown instanceof EnvironmentCrashed) {
        return Effect.failCause(cause);
      }
      return Effect.fail(
        new EnvironmentCrashed({
          boundary: `environment.${boundary}`,
          message: messageOf(thrown),
        }),
      );
    });
}
