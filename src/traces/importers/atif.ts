import { Predicate, Schema } from "effect";
import { draftOf, importer } from "../importer.ts";
import { Losses, type Message, type Part } from "../message.ts";
import { readCalls } from "../messages.ts";
import { asThought, partsOf, resultText } from "../parts.ts";
import { List, maybe, Text } from "../shapes.ts";

const Content = maybe(Schema.Union([Schema.String, List]));

const Step = Schema.Struct({
  source: Schema.Literals(["user", "agent", "system"]),
  message: Content,
  reasoning_content: Text,
  tool_calls: maybe(List),
  observation: maybe(Schema.Struct({
    results: maybe(Schema.Array(Schema.Struct({ source_call_id: Text, content: Content }))),
  })),
});

type Step = typeof Step.Type;

const Trajectory = Schema.Struct({
  schema_version: Schema.String.check(Schema.isPattern(/^ATIF-/)),
  session_id: Text,
  trajectory_id: Text,
  steps: Schema.Array(Step),
  subagent_trajectories: maybe(List),
});

/** ATIF, Harbor's trajectories: steps of user, agent and system. Trajectories of subagents are not read. */
export const atif = importer({
  name: "atif",
  shape: Trajectory,
  lacks: 'no "schema_version" of ATIF',
  read: ({ steps, trajectory_id, session_id, subagent_trajectories }) => {
    const losses = new Losses();
    for (const _ of subagent_trajectories ?? []) losses.add("trajectory of a subagent");
    return draftOf(steps.flatMap((step, i) => messagesOf(step, `steps[${i}]`, losses)), {
      id: trajectory_id ?? session_id ?? null,
    }, { losses });
  },
});

const ROLES = { user: "user", agent: "assistant", system: "system" } as const;

function messagesOf(step: Step, source: string, losses: Losses): ReadonlyArray<Message> {
  const said: ReadonlyArray<Part> = [
    ...asThought(step.reasoning_content, losses),
    ...partsOf(step.message, losses),
    ...readCalls(step.tool_calls ?? [], losses),
  ];
  const results = (step.observation?.results ?? []).map((result): Part => ({
    _tag: "Result",
    id: Predicate.isNullish(result.source_call_id) ? null : result.source_call_id,
    name: null,
    text: resultText(result.content, losses),
    isError: false,
  }));
  return [
    { role: ROLES[step.source], parts: said, source },
    ...(results.length === 0 ? [] : [{ role: "tool", parts: results, source } as const]),
  ];
}
