import { Effect } from "effect";
import { isRecord } from "../domain/decode.ts";
import { BadInput } from "../domain/errors.ts";
import { parseJson } from "../domain/json.ts";
import { WORLD_RECIPE } from "../environment/world/recipe.ts";
import { WORLD_CHAT_TEMPLATE } from "../environment/world/tokenizer.ts";
import type { ModelFolder } from "../pipeline/model_folder.ts";
import { makeChatTemplate } from "../text/chat_template.ts";
import { makeProtocol } from "../text/protocol.ts";
import { compactStyle, paperStyle } from "../text/protocol_style.ts";
import { searchSystemPrompt, type SystemPromptOptions } from "../text/system_prompt.ts";
import { checkVocabulary, makeTokenizer } from "../text/tokenizer.ts";

/** Tokenizer and protocol of a model. The embedded world's chat template gets the compact layout, others the paper's. */
export const readModelText = Effect.fn("readModelText")(
  function* (model: ModelFolder, { date, tools }: SystemPromptOptions) {
    const files = model.tokenizerFiles;
    const tokenizerConfig: unknown = yield* parseFile(files, "tokenizer_config.json");
    const tokenizer = yield* Effect.fromResult(
      makeTokenizer(yield* parseFile(files, "tokenizer.json"), tokenizerConfig),
    );
    yield* Effect.fromResult(checkVocabulary(tokenizer, model.architecture.vocabulary));
    const template = yield* Effect.fromResult(makeChatTemplate(tokenizerConfig));
    const isWorlds = isRecord(tokenizerConfig) &&
      tokenizerConfig["chat_template"] === WORLD_CHAT_TEMPLATE;
    const layout = isWorlds
      ? { style: compactStyle, system: WORLD_RECIPE.systemText }
      : { style: paperStyle, system: searchSystemPrompt({ date, tools }) };
    const now = new Date(`${date}T00:00:00Z`);
    const protocol = yield* Effect.fromResult(
      makeProtocol({ tokenizer, template, ...layout, now }),
    );
    return { tokenizer, protocol };
  },
);

function parseFile(files: ModelFolder["tokenizerFiles"], name: keyof typeof files) {
  return Effect.try({
    try: (): unknown => parseJson(files[name]),
    catch: (error) => new BadInput({ message: `Cannot read ${name} as it must be JSON: ${error}` }),
  });
}
