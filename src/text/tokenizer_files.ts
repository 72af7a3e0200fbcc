/** What is read of `tokenizer.json` and `tokenizer_config.json`, and the rules that tokens and merges keep. */
import { Predicate, Result, Schema } from "effect";
import { decodeInput, isRecord } from "../domain/decode.ts";
import { BadInput } from "../domain/errors.ts";
import { LIMITS } from "../domain/limits.ts";
import { quote } from "../domain/quote.ts";
import { readParts, type TokenizerParts } from "./tokenizer_parts.ts";

const AddedTokenFields = {
  content: Schema.NonEmptyString.check(Schema.isMaxLength(LIMITS.addedTokenCharacters)),
  single_word: Schema.optionalKey(Schema.Boolean),
  lstrip: Schema.optionalKey(Schema.Boolean),
  rstrip: Schema.optionalKey(Schema.Boolean),
  normalized: Schema.optionalKey(Schema.Boolean),
  special: Schema.optionalKey(Schema.Boolean),
};

const AddedToken = Schema.Struct({ id: Schema.Int, ...AddedTokenFields });

/** Text that is one token whatever stands around it. */
export type AddedToken = typeof AddedToken.Type;

const Unset = Schema.optionalKey(Schema.NullOr(Schema.Literal("")));
const Flag = Schema.optionalKey(Schema.NullOr(Schema.Boolean));

// All supported model families have BPE; old files leave the type out.
const Model = Schema.Struct({
  type: Schema.optionalKey(Schema.NullOr(Schema.Literal("BPE"))),
  unk_token: Schema.optionalKey(Schema.NullOr(Schema.String)),
  continuing_subword_prefix: Unset,
  end_of_word_suffix: Unset,
  fuse_unk: Flag,
  byte_fallback: Flag,
  ignore_merges: Flag,
});

const TokenizerFile = Schema.Struct({
  model: Model,
  added_tokens: Schema.optionalKey(Schema.Array(AddedToken)),
});

const TokenText = Schema.Union([Schema.String, Schema.Struct({ content: Schema.String })]);

const ConfigFile = Schema.Struct({
  eos_token: Schema.optionalKey(Schema.NullOr(TokenText)),
  additional_special_tokens: Schema.optionalKey(Schema.NullOr(Schema.Array(TokenText))),
  added_tokens_decoder: Schema.optionalKey(
    Schema.Record(Schema.String, Schema.Struct(AddedTokenFields)),
  ),
});

/** What is read of the two files; every field of it has been checked. */
export interface TokenizerFiles {
  readonly parts: TokenizerParts;
  readonly model: Readonly<Record<string, unknown>>;
  readonly added: ReadonlyArray<AddedToken>;
  readonly eosToken: string | null;
  readonly specialTokens: ReadonlyArray<string>;
}

/** Reads the parsed files. Fails with `BadInput` on the first rule that they break. */
export function readTokenizerFiles(
  tokenizerJson: unknown,
  tokenizerConfig: unknown,
): Result.Result<TokenizerFiles, BadInput> {
  return Result.gen(function* () {
    const file = yield* decodeInput(TokenizerFile, tokenizerJson, "Cannot read tokenizer.json as");
    const config = yield* decodeInput(
      ConfigFile,
      tokenizerConfig,
      "Cannot read tokenizer_config.json as",
    );
    // The schema has found both to be objects.
    const json = tokenizerJson as Readonly<Record<string, unknown>>;
    const { vocab, merges } = json["model"] as Readonly<Record<string, unknown>>;
    const vocabulary = yield* readVocabulary(vocab);
    const added = allAddedTokens(file.added_tokens ?? [], config.added_tokens_decoder ?? {});
    yield* checkAdded(added, vocabulary);
    return {
      parts: yield* readParts(json),
      model: {
        ...file.model,
        type: "BPE",
        vocab: vocabulary,
        merges: yield* readMerges(merges ?? [], vocabulary),
      },
      added,
      eosToken: config.eos_token ? textOf(config.eos_token) : null,
      specialTokens: (config.additional_special_tokens ?? []).map(textOf),
    };
  });
}

function textOf(token: typeof TokenText.Type): string {
  return Predicate.isString(token) ? token : token.content;
}

type Vocabulary = Readonly<Record<string, number>>;

/** Plain loops, since a schema would take a second for 150,000 tokens. */
function readVocabulary(vocab: unknown): Result.Result<Vocabulary, BadInput> {
  if (!isRecord(vocab)) return refuse("model.vocab must be an object of tokens and ids", vocab);
  const seen = new Set<number>();
  for (const token in vocab) {
    const id = vocab[token];
    if (!isId(id)) return refuse(`the id of ${quote(token)} must be ${AN_ID}`, id);
    if (seen.has(id)) return refuse("each id must be that of one token", id);
    seen.add(id);
  }
  return Result.succeed(vocab as Vocabulary);
}

const AN_ID = `a whole number from 0 to ${LIMITS.tokenIds - 1}`;

function isId(id: unknown): id is number {
  return typeof id === "number" && Number.isInteger(id) && id >= 0 && id < LIMITS.tokenIds;
}

/** Merges as pairs; each makes a token of the vocabulary, or text would be lost with it. */
function readMerges(merges: unknown, vocabulary: Vocabulary) {
  if (!Array.isArray(merges)) return refuse("model.merges must be a list", merges);
  const pairs: Array<readonly [string, string]> = [];
  for (const merge of merges) {
    const parts: unknown = typeof merge === "string" ? merge.split(" ") : merge;
    const [left, right]: ReadonlyArray<unknown> = Array.isArray(parts) ? parts : [];
    if (typeof left !== "string" || typeof right !== "string") {
      return refuse("a merge must be of two tokens", merge);
    }
    if (!Object.hasOwn(vocabulary, left + right)) {
      return refuse("a merge must make a token of model.vocab", merge);
    }
    pairs.push([left, right]);
  }
  return Result.succeed(pairs);
}

function allAddedTokens(
  listed: ReadonlyArray<AddedToken>,
  decoder: Readonly<Record<string, Omit<AddedToken, "id">>>,
): ReadonlyArray<AddedToken> {
  const ids = new Set(listed.map((token) => token.id));
  const others = Object.entries(decoder).map(([id, token]) => ({ ...token, id: Number(id) }));
  return [...listed, ...others.filter((token) => !ids.has(token.id))];
}

/** An added token on the id of another token would turn plain text into that added token. */
function checkAdded(
  added: ReadonlyArray<AddedToken>,
  vocabulary: Vocabulary,
): Result.Result<void, BadInput> {
  if (added.length > LIMITS.addedTokens) {
    return refuse(`there must be at most ${LIMITS.addedTokens} added tokens`, added.length);
  }
  const textAt = new Map(Object.entries(vocabulary).map(([token, id]) => [id, token]));
  const contents = new Set<string>();
  for (const { id, content } of added) {
    const named = `the added token ${quote(content)}`;
    if (!isId(id)) return refuse(`the id of ${named} must be ${AN_ID}`, id);
    if (contents.has(content)) return refuse(`${named} must stand once`, id);
    const there = textAt.get(id);
    if (there !== undefined && there !== content) {
      return refuse(`the id of ${named} must be free, but it is that of ${quote(there)}`, id);
    }
    contents.add(content);
    textAt.set(id, content);
  }
  return Result.void;
}

function refuse(rule: string, value: unknown): Result.Result<never, BadInput> {
  return Result.fail(
    new BadInput({
      message: `Cannot load tokenizer.json as ${rule}: current value is ${quote(value)}`,
    }),
  );
}
