import { Schema } from "effect";
import { draftOf, importer } from "../importer.ts";
import { Losses } from "../message.ts";
import { readMessages } from "../messages.ts";
import { golds, List, maybe } from "../shapes.ts";
import { readTags } from "../written.ts";

const Rollout = Schema.Struct({
  messages: List,
  request_id: Schema.String,
  sample_idx: Schema.Finite,
  finished: maybe(Schema.Boolean),
});

const Example = Schema.Struct({ messages: List, question: Schema.String, gt: Schema.String });

/** DR-Venus: chat messages with calls and results in tags; a rollout has no gold answer, an example of SFT has. */
export const drVenus = importer({
  name: "dr-venus",
  shape: Schema.Union([Rollout, Example]),
  lacks: 'no "messages" with "gt" or "sample_idx"',
  read: (document) => {
    const losses = new Losses();
    const messages = readTags(readMessages(document.messages, "messages", losses), losses);
    if ("gt" in document) {
      return draftOf(messages, { question: document.question, golds: golds(document.gt) }, {
        losses,
      });
    }
    const id = `${document.request_id}/${document.sample_idx}`;
    if (document.finished !== true) losses.add("end of the run, which had not finished");
    return draftOf(messages, { id }, { losses });
  },
});
