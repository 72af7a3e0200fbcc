import {
  SEARCH_CALL_PATTERN,
  type TrainedTokenizer,
  trainTokenizer,
} from "../../text/bpe_trainer.ts";
import { WORLD_RECIPE } from "./recipe.ts";
import { tokenizerSamples } from "./tokenizer_sample.ts";

/** The tokens that merges never produce, in the order of their ids. */
export const CONTROL_TOKENS = [
  "<|endoftext|>",
  "<|im_start|>",
  "<|im_end|>",
  "<think>",
  "</think>",
  "<tool_call>",
  "</tool_call>",
  "<tool_response>",
  "</tool_response>",
  "<answer>",
  "</answer>",
] as const;

/**
 * ChatML as Qwen writes it, with line breaks only where two words would meet, since every token counts.
 * The text of a conversation always begins with the text of its earlier turns.
 */
export const WORLD_CHAT_TEMPLATE = [
  "{%- for message in messages -%}",
  "{%- if message.role == 'tool' -%}",
  "{{- '<|im_start|>user<tool_response>' + message.content + '</tool_response><|im_end|>' -}}",
  "{%- elif message.role == 'assistant' -%}",
  "{{- '<|im_start|>assistant' + message.content + '<|im_end|>' -}}",
  "{%- else -%}",
  "{{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>' -}}",
  "{%- endif -%}",
  "{%- endfor -%}",
  "{%- if add_generation_prompt -%}{{- '<|im_start|>assistant' -}}{%- endif -%}",
].join("");

/** Trains the tokenizer of the embedded world; equal seeds give equal files. */
export function trainWorldTokenizer(seed: number): TrainedTokenizer {
  return trainTokenizer({
    samples: tokenizerSamples(seed),
    vocabSize: WORLD_RECIPE.vocabSize,
    controlTokens: CONTROL_TOKENS,
    pattern: SEARCH_CALL_PATTERN,
    chatTemplate: WORLD_CHAT_TEMPLATE,
    eosToken: "<|im_end|>",
  });
}
