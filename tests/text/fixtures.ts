import { Result } from "effect";
import { SEARCH_CALL_PATTERN, trainTokenizer } from "../../src/text/bpe_trainer.ts";
import { type ChatTemplate, makeChatTemplate } from "../../src/text/chat_template.ts";
import { makeProtocol, type Protocol } from "../../src/text/protocol.ts";
import { compactStyle, paperStyle } from "../../src/text/protocol_style.ts";
import { makeTokenizer, type Tokenizer } from "../../src/text/tokenizer.ts";

/** ChatML as Qwen2.5 renders it. */
export const CHATML =
  "{%- for m in messages %}{{- '<|im_start|>' + m.role + '\\n' + m.content + '<|im_end|>\\n' }}" +
  "{%- endfor %}{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{%- endif %}";

/** ChatML without line breaks, with a tool role that writes its tags. */
export const COMPACT_CHATML = "{%- for m in messages %}{%- if m.role == 'tool' %}" +
  "{{- '<|im_start|>user<tool_response>' + m.content + '</tool_response><|im_end|>' }}" +
  "{%- elif m.role == 'assistant' %}{{- '<|im_start|>assistant' + m.content + '<|im_end|>' }}" +
  "{%- else %}{{- '<|im_start|>' + m.role + '\\n' + m.content + '<|im_end|>' }}" +
  "{%- endif %}{%- endfor %}{%- if add_generation_prompt %}{{- '<|im_start|>assistant' }}{%- endif %}";

const CHAT_TOKENS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"];
const TAGS = ["think", "tool_call", "tool_response", "answer"].flatMap((
  name,
) => [`<${name}>`, `</${name}>`]);

const SAMPLES = Array.from({ length: 30 }, (_, i) => [
  `<|im_start|>user\nWhere was Holzek Morda ${1900 + i} born?<|im_end|>`,
  "<|im_start|>assistant<think> birthplace</think><tool_call>",
  '{"name":"web_search","arguments":{"query":[" Holzek Morda born"]}}</tool_call><|im_end|>',
  "<|im_start|>user<tool_response> Holzek Morda was born in Tulfa.</tool_response><|im_end|>",
  "Now there's enough information to answer",
]).flat();

/** A small tokenizer; without tags it treats `<think>` and the like as text, as Qwen2.5 does. */
export function smallTokenizer({ tags }: { tags: boolean }): Tokenizer {
  const { tokenizerJson, tokenizerConfig } = trainTokenizer({
    samples: SAMPLES,
    vocabSize: 420,
    controlTokens: tags ? [...CHAT_TOKENS, ...TAGS] : CHAT_TOKENS,
    pattern: SEARCH_CALL_PATTERN,
    chatTemplate: CHATML,
    eosToken: "<|im_end|>",
  });
  return Result.getOrThrow(makeTokenizer(tokenizerJson, tokenizerConfig));
}

export function templateOf(source: string): ChatTemplate {
  return Result.getOrThrow(makeChatTemplate({}, source));
}

/** The embedded kind of protocol: tags are tokens, no white space between them. */
export function compactProtocol(tokenizer: Tokenizer): Protocol {
  const template = templateOf(COMPACT_CHATML);
  const system = "answer by searching";
  return Result.getOrThrow(makeProtocol({ tokenizer, template, style: compactStyle, system }));
}

/** The paper's kind of protocol: tags are text, ChatML with line breaks. */
export function paperProtocol(tokenizer: Tokenizer): Protocol {
  const template = templateOf(CHATML);
  const system = "You search.";
  return Result.getOrThrow(makeProtocol({ tokenizer, template, style: paperStyle, system }));
}
