import { Tokenizer as HfTokenizer } from "@huggingface/tokenizers";
import { Result } from "effect";
import { BadInput } from "../domain/errors.ts";
import { quote } from "../domain/quote.ts";
import { type AddedToken, readTokenizerFiles, type TokenizerFiles } from "./tokenizer_files.ts";

/** Text to token ids and back. Two encoders: one for text of our templates, one for text of users and tools. */
export interface Tokenizer {
  /** One more than the largest id. A model may have more rows than this, never fewer. */
  readonly vocabSize: number;
  /** Ids of `eos_token`; empty when the configuration names none. */
  readonly eosIds: ReadonlyArray<number>;
  /** Tokens that only `encode` produces, with their ids: `<|im_end|>`, `<tool_call>` and so on. */
  readonly controlTokens: ReadonlyMap<string, number>;
  /** For text of our own templates: control tokens in it are recognised. No BOS is added. */
  readonly encode: (text: string) => Uint32Array;
  /** For text of users and tools: no control token comes out, whatever the text says. */
  readonly encodePlain: (text: string) => Uint32Array;
  /** Ids without a token (a model's padding rows) give no text; broken UTF-8 gives U+FFFD. */
  readonly decode: (ids: Iterable<number>, options?: DecodeOptions) => string;
  /** The id of one token as the vocabulary spells it, or null. */
  readonly idOf: (token: string) => number | null;
}

/** How ids are read as text. */
export interface DecodeOptions {
  /** Leave out tokens marked special, such as `<|im_end|>` but not `<think>`. @default {false} */
  readonly skipSpecial?: boolean;
}

/**
 * A tokenizer from the parsed `tokenizer.json` and `tokenizer_config.json` of a model. Added tokens that
 * only the second file lists are taken too, as transformers does. Fails with `BadInput` when the files
 * do not have the format, when text does not come back from its tokens, or when plain text could become a control token.
 */
export function makeTokenizer(
  tokenizerJson: unknown,
  tokenizerConfig: unknown,
): Result.Result<Tokenizer, BadInput> {
  return Result.gen(function* () {
    const { added, eosToken, ...file } = yield* readTokenizerFiles(tokenizerJson, tokenizerConfig);
    // White space alone cannot imitate a template, so such tokens (phi-2) stay in the plain encoder.
    const harmless = added.filter((token) => token.content.trim() === "");
    const full = yield* load(file, added);
    const plain = yield* load(file, harmless);
    const control = added.filter((token) => !harmless.includes(token));
    const tokenizer = wrap(full, plain, {
      control: new Map(control.map((token) => [token.content, token.id])),
      eosToken,
    });
    yield* checkLossless(tokenizer);
    return yield* checkPlain(tokenizer);
  });
}

/** Text of others as a part of our own templates: a space keeps what looks like a control token from being one. */
export function breakControlTokens(
  text: string,
  { controlTokens }: Pick<Tokenizer, "controlTokens">,
): string {
  return [...controlTokens.keys()].reduce(
    (rest, token) => rest.replaceAll(token, `${token.slice(0, 1)} ${token.slice(1)}`),
    text,
  );
}

/** Fails with `BadInput` when a token has no row in a model of `modelVocabSize` rows. */
export function checkVocabulary(
  tokenizer: Tokenizer,
  modelVocabSize: number,
): Result.Result<void, BadInput> {
  if (tokenizer.vocabSize <= modelVocabSize) return Result.void;
  return Result.fail(
    new BadInput({
      message: `Cannot use this tokenizer as its largest id must be below the model's ` +
        `vocab_size ${modelVocabSize}: current value is ${tokenizer.vocabSize - 1}`,
    }),
  );
}

function load(
  { parts, model, specialTokens }: Omit<TokenizerFiles, "added" | "eosToken">,
  addedTokens: ReadonlyArray<AddedToken>,
): Result.Result<HfTokenizer, BadInput> {
  return Result.try({
    try: () =>
      new HfTokenizer(
        // No special tokens are ever added, so that no post-processor has anything to do.
        { ...parts, model, post_processor: null, added_tokens: addedTokens },
        { additional_special_tokens: specialTokens },
      ),
    // All else has been checked.
    catch: () =>
      new BadInput({
        message: "Cannot load tokenizer.json as its regular expressions must be ones that " +
          "JavaScript can have too: one is not",
      }),
  });
}

interface Vocabulary {
  readonly control: ReadonlyMap<string, number>;
  readonly eosToken: string | null;
}

function wrap(full: HfTokenizer, plain: HfTokenizer, vocabulary: Vocabulary): Tokenizer {
  const idOf = (token: string) => full.token_to_id(token) ?? null;
  const eosId = vocabulary.eosToken === null ? null : idOf(vocabulary.eosToken);
  return {
    vocabSize: 1 + largest(full.get_vocab().values()),
    eosIds: eosId === null ? [] : [eosId],
    controlTokens: vocabulary.control,
    encode: (text) => Uint32Array.from(full.encode(text, { add_special_tokens: false }).ids),
    encodePlain: (text) => Uint32Array.from(plain.encode(text, { add_special_tokens: false }).ids),
    decode: (ids, options) => decode(full, Array.from(ids), options?.skipSpecial ?? false),
    idOf,
  };
}

function decode(full: HfTokenizer, ids: Array<number>, skipSpecial: boolean): string {
  if (ids.length === 0) return "";
  return full.decode(ids, {
    skip_special_tokens: skipSpecial,
    clean_up_tokenization_spaces: false,
  });
}

function largest(ids: Iterable<number>): number {
  let max = -1;
  for (const id of ids) if (id > max) max = id;
  return max;
}

/** What agents write; case and white space may change, as normalizers see fit. */
const SAMPLE =
  '<think>what is 0123456789?</think> {"name": "web_search", "arguments": {"query": ["x_y"]}}';

/** An encoder that lacks characters leaves them out of everything that the agent reads and writes. */
function checkLossless(tokenizer: Tokenizer): Result.Result<void, BadInput> {
  const back = tokenizer.decode(tokenizer.encodePlain(SAMPLE)).trim();
  if (back === SAMPLE) return Result.void;
  return Result.fail(
    new BadInput({
      message: `Cannot use this tokenizer as text must come back from its tokens: ` +
        `current value is ${quote(back)} for ${quote(SAMPLE)}`,
    }),
  );
}

// If merges could build a control token, a web page could forge messages of the harness.
function checkPlain(tokenizer: Tokenizer): Result.Result<Tokenizer, BadInput> {
  for (const [content, id] of tokenizer.controlTokens) {
    if (tokenizer.encodePlain(content).includes(id)) {
      return Result.fail(
        new BadInput({
          message: `Cannot use this tokenizer as plain text must never become a control token: ` +
            `current value is ${quote(content)}`,
        }),
      );
    }
  }
  return Result.succeed(tokenizer);
}
