import { Predicate, Schema } from "effect";
import { type About, draftOf, importer } from "../importer.ts";
import { Losses } from "../message.ts";
import { areMessages, readMessages } from "../messages.ts";
import { golds, maybe, Text } from "../shapes.ts";
import { readTags } from "../written.ts";

const Messages = Schema.declare(areMessages);

/** What rows of messages have beside them, by the names that data sets and benchmarks use. */
const Row = Schema.Struct({
  id: maybe(Schema.Union([Schema.String, Schema.Finite])),
  question: Text,
  golds: maybe(Schema.Unknown),
  answers: maybe(Schema.Unknown),
  golden_answers: maybe(Schema.Unknown),
  ground_truth: maybe(Schema.Unknown),
  expected_answer: maybe(Schema.Unknown),
  gt: maybe(Schema.Unknown),
  reward: maybe(Schema.Finite),
  messages: maybe(Messages),
  /** τ-bench's name of the messages, and its task. */
  traj: maybe(Messages),
  info: maybe(Schema.Struct({ task: maybe(Schema.Struct({ instruction: Text })) })),
  /** A reply of the API, after the messages of its request. */
  choices: maybe(Schema.Array(Schema.Struct({ message: Schema.Unknown }))),
}).check(Schema.makeFilter((row) => "messages" in row || "traj" in row || "choices" in row));

/** OpenAI's chat messages: a list, or a row or reply that holds one; tags of tools in texts are read. */
export const openaiChat = importer({
  name: "openai-chat",
  shape: Schema.Union([Messages, Row]),
  lacks: "no list of messages with roles",
  read: (document) => {
    if (Array.isArray(document)) return read(document, "messages", {});
    const row = document as typeof Row.Type; // the other member of the union
    const said = row.choices?.[0]?.message;
    const list = [...row.messages ?? row.traj ?? [], ...(said === undefined ? [] : [said])];
    return read(list, Predicate.isNullish(row.traj) ? "messages" : "traj", {
      id: Predicate.isNullish(row.id) ? null : String(row.id),
      question: row.question ?? row.info?.task?.instruction ?? null,
      golds: golds(
        ...[row.golds, row.answers, row.golden_answers],
        ...[row.ground_truth, row.expected_answer, row.gt],
      ),
      reward: row.reward ?? null,
    });
  },
});

function read(list: ReadonlyArray<unknown>, path: string, about: About) {
  const losses = new Losses();
  return draftOf(readTags(readMessages(list, path, losses), losses), about, { losses });
}
