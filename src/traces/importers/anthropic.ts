import { Predicate, Schema } from "effect";
import { draftOf, importer } from "../importer.ts";
import { Losses } from "../message.ts";
import { readMessages } from "../messages.ts";
import { List, maybe, Text } from "../shapes.ts";

const Block = Schema.Struct({ type: Schema.String });

const Reply = Schema.Struct({
  id: Text,
  type: Schema.Literal("message"),
  role: Schema.Literal("assistant"),
  content: Schema.Array(Block),
});

const Turn = Schema.Struct({
  role: Schema.Literals(["user", "assistant"]),
  content: Schema.Union([Schema.String, Schema.Array(Block)]),
});

/** Blocks that only Anthropic writes. */
const OWN = new Set(["tool_use", "server_tool_use", "tool_result", "thinking"]);

const usesOwnBlocks = (messages: ReadonlyArray<typeof Turn.Type>) =>
  messages.some(({ content }) =>
    !Predicate.isString(content) && content.some(({ type }) => OWN.has(type))
  );

const System = maybe(Schema.Union([Schema.String, List]));
const Exchange = Schema.Struct({
  request: Schema.Struct({ system: System, messages: Schema.Array(Turn) }),
  response: Reply,
});
const Request = Schema.Struct({ system: System, messages: Schema.Array(Turn) })
  .check(Schema.makeFilter(({ messages }) => usesOwnBlocks(messages)));

/** Anthropic's Messages API: a reply, a request with blocks of its own, or `{request, response}`. */
export const anthropic = importer({
  name: "anthropic",
  shape: Schema.Union([Exchange, Reply, Request]),
  lacks: 'no "content" of typed blocks',
  read: (document) => {
    const losses = new Losses();
    const request = "request" in document
      ? document.request
      : "messages" in document
      ? document
      : { messages: [] };
    const reply = "response" in document
      ? document.response
      : "messages" in document
      ? null
      : document;
    const system = "system" in request ? request.system : null;
    const opening = Predicate.isNullish(system) ? [] : [{ role: "system", content: system }];
    return draftOf(
      [
        ...readMessages(opening, "system", losses),
        ...readMessages(request.messages, "messages", losses),
        ...(reply === null ? [] : readMessages([reply], "response", losses)),
      ],
      { id: reply?.id ?? null },
      { losses },
    );
  },
});
