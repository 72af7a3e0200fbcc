import { Predicate, Schema } from "effect";
import { type Draft, draftOf, importer } from "../importer.ts";
import { Losses } from "../message.ts";
import { areMessages, readMessages } from "../messages.ts";
import { maybe, Text } from "../shapes.ts";

const Role = Schema.Literals(["system", "user", "assistant", "tool"]);

/** A part by which a message can only be the AI SDK's: it names its call `toolCallId`, or begins a step. */
const Own = Schema.Union([
  Schema.Struct({ toolCallId: Schema.String }),
  Schema.Struct({ type: Schema.Literal("step-start") }),
]);
const isOwn = (part: unknown) => Schema.is(Own)(part);

const UiMessage = Schema.Struct({ role: Role, parts: Schema.Array(Schema.Unknown) });
const ModelMessage = Schema.Struct({
  role: Role,
  content: Schema.Union([Schema.String, Schema.Array(Schema.Unknown)]),
});

const Messages = Schema.Array(Schema.Union([UiMessage, ModelMessage])).check(
  Schema.makeFilter((messages) =>
    messages.some((message) => {
      const parts = "parts" in message ? message.parts : message.content;
      return !Predicate.isString(parts) && parts.some(isOwn);
    })
  ),
);

const Row = Schema.Struct({ id: Text, messages: Messages });
const Single = Schema.Struct({ id: Text, message: UiMessage, name: maybe(Schema.String) });

/** The AI SDK's UI messages and model messages: a list, or a record that holds a list or one message. */
export const aiSdk = importer({
  name: "ai-sdk",
  shape: Schema.Union([Messages, Row, Single]),
  lacks: "no parts with a toolCallId",
  read: (document): Draft => {
    const losses = new Losses();
    if ("message" in document) {
      return draftOf(readMessages([document.message], "message", losses), {}, { losses });
    }
    const list: unknown = "messages" in document ? document.messages : document;
    return draftOf(readMessages(areMessages(list) ? list : [], "messages", losses), {}, { losses });
  },
});
