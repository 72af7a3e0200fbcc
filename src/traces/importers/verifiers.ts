import { Predicate, Schema } from "effect";
import { draftOf, importer } from "../importer.ts";
import { Losses } from "../message.ts";
import { messagesIn } from "../messages.ts";
import { golds, maybe } from "../shapes.ts";
import { readTags } from "../written.ts";

const Id = maybe(Schema.Union([Schema.String, Schema.Finite]));
const Row = Schema.Struct({
  id: Id,
  example_id: Id,
  prompt: Schema.Unknown,
  completion: Schema.Unknown,
  answer: maybe(Schema.Unknown),
  reward: maybe(Schema.Finite),
  task: maybe(Schema.Unknown),
});

/** verifiers: rows of `results.jsonl`, prompt and completion as messages, `answer` the gold one. */
export const verifiers = importer({
  name: "verifiers",
  shape: Row,
  lacks: 'no "prompt" and "completion"',
  read: ({ prompt, completion, answer, reward }) => {
    const losses = new Losses();
    const messages = [
      ...messagesIn(prompt, { path: "prompt", role: "user", losses }),
      ...messagesIn(completion, { path: "completion", role: "assistant", losses }),
    ];
    // An id names the example in some versions and the row in others, so that rows are told apart by their place.
    return draftOf(readTags(messages, losses), {
      golds: golds(answer),
      reward: Predicate.isNullish(reward) ? null : reward,
    }, { losses });
  },
});
