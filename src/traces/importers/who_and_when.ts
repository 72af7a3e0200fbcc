import { Schema } from "effect";
import { draftOf, importer } from "../importer.ts";
import { Losses, type Message, type Role } from "../message.ts";
import { golds, Text } from "../shapes.ts";

const Entry = Schema.Struct({ role: Schema.String, name: Text, content: Schema.String });

const Failure = Schema.Struct({
  question: Schema.String,
  question_ID: Text,
  ground_truth: Schema.Unknown,
  history: Schema.Array(Entry),
  mistake_step: Schema.Unknown,
});

/** Who&When: failures of several agents. Each agent's message is a turn; what code gave is the terminal's. */
export const whoAndWhen = importer({
  name: "who-and-when",
  shape: Failure,
  lacks: 'no "history" with "mistake_step"',
  read: ({ question, question_ID, ground_truth, history }) => {
    const losses = new Losses();
    losses.add("which calls there were: agents write code, and a terminal's output stands apart");
    const messages = history.map((entry, i): Message => {
      const speaker = entry.name ?? entry.role;
      const role = roleOf(speaker);
      return {
        role,
        parts: role === "tool"
          ? [{ _tag: "Result", id: null, name: null, text: entry.content, isError: false }]
          : [{ _tag: "Text", text: entry.content }],
        source: `history[${i}] of ${speaker}`,
      };
    });
    return draftOf(messages, { id: question_ID ?? null, question, golds: golds(ground_truth) }, {
      losses,
    });
  },
});

function roleOf(speaker: string): Role {
  if (/^computer_?terminal$/i.test(speaker)) return "tool";
  return speaker === "human" ? "user" : "assistant";
}
