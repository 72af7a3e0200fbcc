import { Schema } from "effect";
import { draftOf, importer } from "../importer.ts";
import { Losses } from "../message.ts";
import { maybe, Text } from "../shapes.ts";
import { readResponse, Reply } from "./responses.ts";

const Request = Schema.Struct({ instructions: Text, input: Schema.Unknown });

const Bare = Schema.Struct({ ...Reply.fields, input: maybe(Schema.Unknown) });
const Exchange = Schema.Struct({ request: Request, response: Reply });

/** OpenAI's Responses API: a reply, which may have its `input` beside it, or `{request, response}`. */
export const openaiResponses = importer({
  name: "openai-responses",
  shape: Schema.Union([Exchange, Bare]),
  lacks: 'no "output" of typed items',
  read: (document) => {
    const losses = new Losses();
    const reply = "response" in document ? document.response : document;
    const { instructions, input } = "response" in document ? document.request : document;
    const request = { instructions: instructions ?? null, input };
    return draftOf(readResponse(reply, request, losses), { id: reply.id ?? null }, { losses });
  },
});
