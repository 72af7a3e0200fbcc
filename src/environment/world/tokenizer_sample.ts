import { answerBody, compactStyle, toolCallsBody } from "../../text/protocol_style.ts";
import { NO_RESULTS } from "../web_search.ts";
import { demonstrationsOf } from "./cold_start.ts";
import type { Demonstration, DemonstrationAction, DemonstrationTurn } from "./demonstrations.ts";
import { FIRST_PIECES, LAST_PIECES } from "./names.ts";
import { WORLD_RECIPE } from "./recipe.ts";
import { YEARS } from "./relations.ts";

/** Worlds whose demonstrations the tokenizer reads. */
const SAMPLE_WORLDS = 20;

/** Index of the first such world. The cold start never reaches it, so the tokenizer sees other names than the model. */
const FIRST_SAMPLE_WORLD = 1 << 30;

/**
 * What the tokenizer of the embedded world is trained on: demonstrations in ChatML, in which every name is
 * broken after its first piece. So no merge ever crosses the edge between two pieces, every word of a name
 * is two tokens, and names outside the samples are tokenised like those inside.
 */
export function* tokenizerSamples(seed: number): Generator<string> {
  yield ` ${YEARS.join(" ")}\n${NO_RESULTS}`;
  for (let world = 0; world < SAMPLE_WORLDS; world++) {
    const address = { seed, index: FIRST_SAMPLE_WORLD + world, habits: null };
    for (const demonstration of demonstrationsOf(address)) {
      yield breakNames(demonstrationText(demonstration));
    }
  }
}

const NAME_WORD = new RegExp(`(${FIRST_PIECES.join("|")})(${LAST_PIECES.join("|")})`, "g");

function breakNames(text: string): string {
  return text.replace(NAME_WORD, "$1\n$2");
}

/** A demonstration as one string of the world's ChatML. */
export function demonstrationText({ question, turns }: Demonstration): string {
  const prompt = `<|im_start|>system\n${WORLD_RECIPE.systemText}<|im_end|>` +
    `<|im_start|>user\n${question.text}<|im_end|>`;
  return prompt + turns.map(turnText).join("");
}

function turnText({ think, action, observation }: DemonstrationTurn): string {
  const message = `<|im_start|>assistant<think>${think}</think>${bodyText(action)}<|im_end|>`;
  if (observation === null) return message;
  return `${message}<|im_start|>user<tool_response>${observation}</tool_response><|im_end|>`;
}

/** What follows a demonstrated thought: the call or the answer between its tags. */
export function bodyText(action: DemonstrationAction): string {
  return action._tag === "Answer"
    ? answerBody(compactStyle, action.text.trim())
    : toolCallsBody(compactStyle, action.calls);
}
