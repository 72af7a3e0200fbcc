import { Effect } from "effect";
import { isRecord } from "../domain/decode.ts";
import { BadInput } from "../domain/errors.ts";
import { parseJson } from "../domain/json.ts";
import type { Question } from "../domain/question.ts";
import { reason } from "../domain/reason.ts";
import type { Recipe } from "../domain/recipe.ts";
import { WEB_SEARCH } from "../environment/web_search.ts";
import { WORLD_RECIPE } from "../environment/world/recipe.ts";
import { WORLD_CHAT_TEMPLATE } from "../environment/world/tokenizer.ts";
import type { ModelFolder } from "../pipeline/model_folder.ts";
import { makeChatTemplate } from "../text/chat_template.ts";
import { makeProtocol, type Protocol } from "../text/protocol.ts";
import { compactStyle, paperStyle } from "../text/protocol_style.ts";
import { tryChatTemplate } from "./template_trial.ts";
import { searchSystemPrompt, type SystemPromptOptions } from "../text/system_prompt.ts";
import {
  breakControlTokens,
  checkVocabulary,
  makeTokenizer,
  type Tokenizer,
} from "../text/tokenizer.ts";

/** Tokenizer and protocol of a model. The embedded world's chat template gets the compact layout, others the paper's. */
export const readModelText = Effect.fn("readModelText")(
  function* (model: ModelFolder, { date, tools }: SystemPromptOptions) {
    const files = model.tokenizerFiles;
    const tokenizerConfig: unknown = yield* parseFile(files, "tokenizer_config.json");
    const tokenizer = yield* Effect.fromResult(
      makeTokenizer(yield* parseFile(files, "tokenizer.json"), tokenizerConfig),
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
      yield* tryChatTemplate({ tokenizerConfig, options: { system, toolResponse, now } });
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

function parseFile(files: ModelFolder["tokenizerFiles"], name: keyof typeof files) {
  return Effect.try({
    try: (): unknown => parseJson(files[name]),
    catch: (error) =>
      new BadInput({ message: `Cannot read ${name} as it must be JSON: ${reason(error)}` }),
  });
}

/** Questions whose prompts leave no room for a message in the context, with the tokens of the prompt. */
export function longPrompts(
  protocol: Pick<Protocol, "prompt">,
  questions: ReadonlyArray<Question>,
  { contextTokens }: Pick<Recipe, "contextTokens">,
): ReadonlyArray<{ readonly question: Question; readonly tokens: number }> {
  const room = contextTokens - protocol.prompt("").ids.length;
  // No encoder makes more than four tokens of a character, so most questions need no check.
  return questions.filter(({ text }) => 4 * text.length >= room)
    .map((question) => ({ question, tokens: protocol.prompt(question.text).ids.length }))
    .filter(({ tokens }) => tokens >= contextTokens);
}
