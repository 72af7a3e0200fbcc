import { ByteLevelPreTokenizer, SplitPreTokenizer } from "@huggingface/tokenizers";
import { mergePairs } from "./merge_pairs.ts";
import {
  type AddedTokenJson,
  BYTE_LEVEL,
  type TokenizerConfig,
  type TokenizerJson,
} from "./tokenizer_json.ts";

/**
 * Split pattern for text with compact search calls: the head and the tail of a `web_search` call are one
 * piece each, so that they become one token each. A name has the same tokens wherever it stands, as long
 * as a space stands before it.
 */
export const SEARCH_CALL_PATTERN = [
  String.raw`\{"name":"web_search","arguments":\{"query":\["`,
  String.raw`"\]\}\}`,
  String.raw` ?\p{L}+`,
  String.raw` ?\p{N}+`,
  String.raw`\n`,
  String.raw` ?[^\s\p{L}\p{N}]+`,
  String.raw`\s+`,
].join("|");

/** What a tokenizer is trained from. */
export interface TrainTokenizerOptions {
  /** Texts as the model will read them; control tokens are cut out of them before training. */
  readonly samples: Iterable<string>;
  /**
   * Number of ids wanted, control tokens included. There are fewer if the samples hold no further pair,
   * but never fewer than the 256 bytes and the control tokens.
   */
  readonly vocabSize: number;
  /** Tokens that merges never produce; they take the last ids, in this order. */
  readonly controlTokens: ReadonlyArray<string>;
  /** Regular expression (Oniguruma as in `tokenizer.json`) whose matches are never merged across. */
  readonly pattern: string;
  readonly chatTemplate: string;
  /** The control token that ends a message. */
  readonly eosToken: string;
}

/** The two files of a tokenizer, ready for `JSON.stringify` and for `makeTokenizer`. */
export interface TrainedTokenizer {
  readonly tokenizerJson: TokenizerJson;
  readonly tokenizerConfig: TokenizerConfig;
}

/**
 * Trains a byte-level BPE tokenizer (Sennrich et al. 2016, over bytes as in GPT-2). The most frequent
 * pair merges first; ties go to the smaller left id, then the smaller right id, so the same samples in
 * any order give the same files.
 */
export function trainTokenizer(options: TrainTokenizerOptions): TrainedTokenizer {
  const { controlTokens, pattern, vocabSize } = options;
  const counts = countPieces(options);
  const { vocab, merges } = mergePairs(counts, vocabSize - controlTokens.length);
  const addedTokens = controlTokens.map((content, i) => addedToken(content, vocab.length + i));
  const tokenizerJson: TokenizerJson = {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: addedTokens,
    normalizer: null,
    pre_tokenizer: { type: "Sequence", pretokenizers: [splitJson(pattern), BYTE_LEVEL] },
    post_processor: null,
    decoder: BYTE_LEVEL,
    model: {
      type: "BPE",
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: Object.fromEntries(vocab.map((token, id) => [token, id])),
      merges,
    },
  };
  return { tokenizerJson, tokenizerConfig: tokenizerConfig(options) };
}

function tokenizerConfig(options: TrainTokenizerOptions): TokenizerConfig {
  return {
    tokenizer_class: "PreTrainedTokenizerFast",
    clean_up_tokenization_spaces: false,
    bos_token: null,
    eos_token: options.eosToken,
    unk_token: null,
    chat_template: options.chatTemplate,
  };
}

function splitJson(pattern: string) {
  return {
    type: "Split",
    pattern: { Regex: pattern },
    behavior: "Isolated",
    invert: false,
  } as const;
}

// `<|...|>` tokens are special, as in published tokenizers: a decoder may skip them. `<think>` is not special.
function addedToken(content: string, id: number): AddedTokenJson {
  return {
    id,
    content,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: /^<\|.*\|>$/.test(content),
  };
}

// Pieces come from the library's own pre-tokenizers, so training and encoding split alike.
function countPieces(options: TrainTokenizerOptions): Map<string, number> {
  const split = new SplitPreTokenizer(splitJson(options.pattern));
  const byteLevel = new ByteLevelPreTokenizer(BYTE_LEVEL);
  const counts = new Map<string, number>();
  for (const sample of options.samples) {
    for (const text of cutAtTokens(sample, options.controlTokens)) {
      for (const piece of byteLevel.pre_tokenize(split.pre_tokenize(text))) {
        counts.set(piece, (counts.get(piece) ?? 0) + 1);
      }
    }
  }
  return counts;
}

function cutAtTokens(text: string, tokens: ReadonlyArray<string>): ReadonlyArray<string> {
  let parts = [text];
  for (const token of tokens) parts = parts.flatMap((part) => part.split(token));
  return parts.filter((part) => part.length > 0);
}
