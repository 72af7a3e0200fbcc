import { Tokenizer as HfTokenizer } from "@huggingface/tokenizers";
import { Predicate, Result, Schema } from "effect";
import { BadInput } from "../domain/errors.ts";

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

const AddedTokenFields = {
  content: Schema.String,
  single_word: Schema.optionalKey(Schema.Boolean),
  lstrip: Schema.optionalKey(Schema.Boolean),
  rstrip: Schema.optionalKey(Schema.Boolean),
  normalized: Schema.optionalKey(Schema.Boolean),
  special: Schema.optionalKey(Schema.Boolean),
};

const AddedToken = Schema.Struct({ id: Schema.Int, ...AddedTokenFields });
type AddedToken = typeof AddedToken.Type;

// Only the fields that this file reads; the library reads the rest.
const TokenizerFile = Schema.Struct({
  // All supported model families have BPE; old files leave the type out.
  model: Schema.Struct({
    type: Schema.optionalKey(Schema.NullOr(Schema.Literal("BPE"))),
    vocab: Schema.Unknown,
  }),
  added_tokens: Schema.optionalKey(Schema.Array(AddedToken)),
});

const TokenText = Schema.Union([Schema.String, Schema.Struct({ content: Schema.String })]);

const ConfigFile = Schema.Struct({
  eos_token: Schema.optionalKey(Schema.NullOr(TokenText)),
  added_tokens_decoder: Schema.optionalKey(
    Schema.Record(Schema.String, Schema.Struct(AddedTokenFields)),
  ),
});

/**
 * A tokenizer from the parsed `tokenizer.json` and `tokenizer_config.json` of a model. Added tokens that
 * only the second file lists are taken too, as transformers does. Fails with `BadInput` when the files
 * do not have the format, or when plain text could become a control token.
 */
export function makeTokenizer(
  tokenizerJson: unknown,
  tokenizerConfig: unknown,
): Result.Result<Tokenizer, BadInput> {
  return Result.gen(function* () {
    const file = yield* decodeFile(TokenizerFile, "tokenizer.json", tokenizerJson);
    const config = yield* decodeFile(ConfigFile, "tokenizer_config.json", tokenizerConfig);
    const added = allAddedTokens(file.added_tokens ?? [], config.added_tokens_decoder ?? {});
    // White space alone cannot imitate a template, so such tokens (phi-2) stay in the plain encoder.
    const harmless = added.filter((token) => token.content.trim() === "");
    const full = yield* load(tokenizerJson, tokenizerConfig, added);
    const plain = yield* load(tokenizerJson, tokenizerConfig, harmless);
    const control = added.filter((token) => !harmless.includes(token));
    const tokenizer = wrap(full, plain, {
      control: new Map(control.map((token) => [token.content, token.id])),
      eosToken: Predicate.isString(config.eos_token)
        ? config.eos_token
        : config.eos_token?.content ?? null,
    });
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

function decodeFile<S extends Schema.Decoder<unknown>>(schema: S, name: string, input: unknown) {
  return Result.mapError(
    Schema.decodeUnknownResult(schema)(input),
    (error) =>
      new BadInput({
        message: `Cannot read ${name} as it must have the Hugging Face layout: ${
          error.message.replaceAll(/\s*\n\s*/g, " ")
        }`,
      }),
  );
}

function allAddedTokens(
  listed: ReadonlyArray<AddedToken>,
  decoder: Readonly<Record<string, Omit<AddedToken, "id">>>,
): ReadonlyArray<AddedToken> {
  const ids = new Set(listed.map((token) => token.id));
  const others = Object.entries(decoder).map(([id, token]) => ({ ...token, id: Number(id) }));
  return [...listed, ...others.filter((token) => !ids.has(token.id))];
}

function load(
  tokenizerJson: unknown,
  tokenizerConfig: unknown,
  addedTokens: ReadonlyArray<AddedToken>,
): Result.Result<HfTokenizer, BadInput> {
  return Result.try({
    try: () =>
      new HfTokenizer(
        // The schema has checked that this is an object.
        { ...(tokenizerJson as object), added_tokens: addedTokens },
        tokenizerConfig as object,
      ),
    catch: (error) =>
      new BadInput({ message: `Cannot load tokenizer.json as it must be supported: ${error}` }),
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

// If merges could build a control token, a web page could forge messages of the harness.
function checkPlain(tokenizer: Tokenizer): Result.Result<Tokenizer, BadInput> {
  for (const [content, id] of tokenizer.controlTokens) {
    if (tokenizer.encodePlain(content).includes(id)) {
      return Result.fail(
        new BadInput({
          message: `Cannot use this tokenizer as plain text must never become a control token: ` +
            `current value is ${JSON.stringify(content)}`,
        }),
      );
    }
  }
  return Result.succeed(tokenizer);
}
