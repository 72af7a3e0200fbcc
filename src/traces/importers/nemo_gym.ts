import { Predicate, Schema } from "effect";
import { draftOf, importer } from "../importer.ts";
import { Losses } from "../message.ts";
import { golds, maybe, Text } from "../shapes.ts";
import { readResponse, Reply } from "./responses.ts";

const Row = Schema.Struct({
  responses_create_params: Schema.Struct({ instructions: Text, input: Schema.Unknown }),
  response: Reply,
  reward: maybe(Schema.Finite),
  id: maybe(Schema.Union([Schema.String, Schema.Finite])),
  expected_answer: maybe(Schema.Unknown),
  /** The letter that a model chose of several. */
  parsed_option: Text,
});

/** NeMo-Gym: a request and a reply of the Responses API with a reward. A choice that is rewarded is the gold answer. */
export const nemoGym = importer({
  name: "nemo-gym",
  shape: Row,
  lacks: 'no "responses_create_params"',
  read: (row) => {
    const losses = new Losses();
    const { instructions, input } = row.responses_create_params;
    const request = { instructions: instructions ?? null, input };
    const chosen = row.reward === 1 ? row.parsed_option : null;
    return draftOf(readResponse(row.response, request, losses), {
      id: Predicate.isNullish(row.id) ? row.response.id ?? null : String(row.id),
      golds: golds(row.expected_answer, chosen),
      reward: row.reward ?? null,
    }, { losses });
  },
});
