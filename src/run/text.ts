import type { Question } from "../domain/question.ts";
import type { Recipe } from "../domain/recipe.ts";
import type { ModelFolder } from "../pipeline/model_folder.ts";
import type { Protocol } from "../text/protocol.ts";
import type { SystemPromptOptions } from "../text/system_prompt.ts";
import { modelText } from "./model_text.ts";
import { tryChatTemplate } from "./template_trial.ts";

/** Tokenizer and protocol of a model, whose chat template is first tried in a worker of its own. */
export const readModelText = (
  model: ModelFolder,
  options: SystemPromptOptions,
): ReturnType<typeof modelText> => modelText(model, { ...options, tryTemplate: tryChatTemplate });

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
