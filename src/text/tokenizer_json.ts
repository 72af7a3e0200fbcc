/**
 * The two files that make a Hugging Face tokenizer, as far as this program reads or writes them.
 * Format: https://huggingface.co/docs/tokenizers, `tokenizer.json` version 1.0.
 */

/** An entry of `added_tokens`: text that is one token whatever stands around it. */
export interface AddedTokenJson {
  readonly id: number;
  readonly content: string;
  readonly single_word: boolean;
  readonly lstrip: boolean;
  readonly rstrip: boolean;
  readonly normalized: boolean;
  readonly special: boolean;
}

/** A byte-level BPE `tokenizer.json` as `trainTokenizer` writes it. */
export interface TokenizerJson {
  readonly version: "1.0";
  readonly truncation: null;
  readonly padding: null;
  readonly added_tokens: ReadonlyArray<AddedTokenJson>;
  readonly normalizer: null;
  readonly pre_tokenizer: {
    readonly type: "Sequence";
    readonly pretokenizers: readonly [
      {
        readonly type: "Split";
        readonly pattern: { readonly Regex: string };
        readonly behavior: "Isolated";
        readonly invert: false;
      },
      ByteLevelJson,
    ];
  };
  readonly post_processor: null;
  readonly decoder: ByteLevelJson;
  readonly model: {
    readonly type: "BPE";
    readonly dropout: null;
    readonly unk_token: null;
    readonly continuing_subword_prefix: null;
    readonly end_of_word_suffix: null;
    readonly fuse_unk: false;
    readonly byte_fallback: false;
    readonly ignore_merges: false;
    readonly vocab: Readonly<Record<string, number>>;
    readonly merges: ReadonlyArray<readonly [string, string]>;
  };
}

/** Text to bytes to printable characters (and back, as a decoder). */
export interface ByteLevelJson {
  readonly type: "ByteLevel";
  readonly add_prefix_space: false;
  readonly trim_offsets: false;
  readonly use_regex: false;
}

/** A `tokenizer_config.json` as `trainTokenizer` writes it. */
export interface TokenizerConfig {
  readonly tokenizer_class: "PreTrainedTokenizerFast";
  readonly clean_up_tokenization_spaces: false;
  readonly bos_token: null;
  readonly eos_token: string;
  readonly unk_token: null;
  readonly chat_template: string;
}

/** The only byte-level setting this program writes: no added prefix space, no second split. */
export const BYTE_LEVEL: ByteLevelJson = {
  type: "ByteLevel",
  add_prefix_space: false,
  trim_offsets: false,
  use_regex: false,
};
