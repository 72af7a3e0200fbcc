import { Predicate, Schema } from "effect";
import { isRecord } from "../../domain/decode.ts";
import { draftOf, importer } from "../importer.ts";
import { Losses, type Message, type Role } from "../message.ts";
import { Fields, fromJson, golds, maybe, textOrNull } from "../shapes.ts";
import { readTags } from "../written.ts";

const Row = Schema.Struct({
  input_prompt: Schema.String,
  output_response: Schema.String,
  score: maybe(Schema.Union([Schema.Finite, Schema.Array(Schema.Finite)])),
  stop_reason: maybe(Schema.String),
  env_extras: maybe(Fields),
});

/** SkyRL's dumped evaluations: prompt and episode as ChatML text. A user's text may be a tool's: the dump does not tell. */
export const skyrl = importer({
  name: "skyrl",
  shape: Row,
  lacks: 'no "input_prompt" and "output_response"',
  read: ({ input_prompt, output_response, score, env_extras, stop_reason }) => {
    const losses = new Losses();
    const messages = [
      ...chatMl(input_prompt, "input_prompt"),
      ...chatMl(output_response, "output_response"),
    ];
    const read = readTags(messages, losses);
    const calls = read.flatMap(({ parts }) => parts).some(({ _tag }) => _tag === "Call");
    if (calls) losses.add("which of the user's messages are results of tools");
    if (stop_reason === "length") losses.add("end of the run, which was cut at its length");
    const spec = fieldsOf(env_extras?.["reward_spec"]);
    const extra = fieldsOf(env_extras?.["extra_info"]);
    return draftOf(read, {
      question: textOrNull(extra["instruction"]) ?? textOrNull(extra["question"]),
      golds: golds(spec["ground_truth"]),
      reward: Predicate.isNumber(score) ? score : score?.reduce((sum, one) => sum + one, 0) ?? null,
    }, { losses });
  },
});

/** A record, or one in a text of JSON. */
function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  const parsed = fromJson(value);
  return isRecord(parsed) ? parsed : {};
}

const ROLES: ReadonlyArray<Role> = ["system", "user", "assistant", "tool"];

function chatMl(text: string, path: string): ReadonlyArray<Message> {
  return text.split("<|im_start|>").slice(1).map((message, i): Message => {
    const end = message.indexOf("\n");
    const content = message.slice(end + 1).replace(/<\|im_end\|>\s*$/, "");
    const speaker = message.slice(0, Math.max(0, end)).trim();
    return {
      role: ROLES.find((role) => role === speaker) ?? "user",
      parts: [{ _tag: "Text", text: content }],
      source: `${path}[${i}]`,
    };
  });
}
