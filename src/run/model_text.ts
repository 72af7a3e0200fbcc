import { Effect } from "effect";
import { isRecord } from "../domain/decode.ts";
import { BadInput } from "../domain/errors.ts";
import { WEB_SEARCH } from "../environment/web_search.ts";
import { WORLD_RECIPE } from "../environment/world/recipe.ts";
import { WORLD_CHAT_TEMPLATE } from "../environment/world/tokenizer.ts";
import { parsed } from "../files/input_file.ts";
import type { ModelFolder } from "../pipeline/model_folder.ts";
import { makeChatTemplate } from "../text/chat_template.ts";
import { makeProtocol } from "../text/protocol.ts";
import { compactStyle, paperStyle } from "../text/protocol_style.ts";
import { searchSystemPrompt, type SystemPromptOptions } from "../text/system_prompt.ts";
import {
  breakControlTokens,
  checkVocabulary,
  makeTokenizer,
  type Tokenizer,
} from "../text/tokenizer.ts";
import type { TemplateTrial } from "./template_trial.ts";

/** What a model's text is read with. */
export interface TextOptions extends SystemPromptOptions {
  /** Fails for a chat template that takes too long. */
  readonly tryTemplate: (trial: TemplateTrial) => Effect.Effect<void, BadInput>;
}

/** Tokenizer and protocol of a model. The embedded world's chat template gets the compact layout, others the paper's. */
export const modelText = Effect.fn("modelText")(
  function* (model: ModelFolder, { date, tools, tryTemplate }: TextOptions) {
    const read = (name: keyof typeof model.tokenizerFiles) =>
      Effect.fromResult(parsed(model.tokenizerFiles[name], name));
    const tokenizerConfig = yield* read("tokenizer_config.json");
    const tokenizer = yield* Effect.fromResult(
      makeTokenizer(yield* read("tokenizer.json"), tokenizerConfig),
    );
    yield* Effect.fromResult(checkVocabulary(tokenizer, model.architecture.vocabulary));
    const isWorlds = isRecord(tokenizerConfig) &&
      tokenizerConfig["chat_template"] === WORLD_CHAT_TEMPLATE;
    const other = tools.find(({ name }) => name !== WEB_SEARCH.name);
    if (isWorlds && other !== undefined) {
      return yield* new BadInput({
        message: `Cannot give the embedded model the tool "${other.name}" as it was taught ` +
          `${WEB_SEARCH.name} alone: name another model with --model`,
      });
    }
    const layout = isWorlds ? { style: compactStyle, system: WORLD_RECIPE.systemText } : {
      style: paperStyle,
      system: searchSystemPrompt({ date, tools: withoutControlTokens(tools, tokenizer) }),
    };
    const now = new Date(`${date}T00:00:00Z`);
    const { style: { toolResponse }, system } = layout;
    if (!isWorlds) {
      yield* tryTemplate({ tokenizerConfig, options: { system, toolResponse, now } });
    }
    const template = yield* Effect.fromResult(makeChatTemplate(tokenizerConfig));
    const protocol = yield* Effect.fromResult(
      makeProtocol({ tokenizer, template, ...layout, now }),
    );
    return { tokenizer, protocol };
  },
);

/** The system prompt is our own text, but a server may describe its tools with a token that ends it. */
function withoutControlTokens(
  tools: SystemPromptOptions["tools"],
  tokenizer: Tokenizer,
): SystemPromptOptions["tools"] {
  return JSON.parse(breakControlTokens(JSON.stringify(tools), tokenizer));
}
