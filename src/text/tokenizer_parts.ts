/** The parts of `tokenizer.json` that turn text into words and back, as far as this program has use for them. */
import { Result, Schema } from "effect";
import { decodeInput, isRecord } from "../domain/decode.ts";
import { BadInput } from "../domain/errors.ts";
import { LIMITS } from "../domain/limits.ts";
import { quote } from "../domain/quote.ts";
import { patternCost } from "./pattern_cost.ts";

const Flag = Schema.optionalKey(Schema.Boolean);
/** Text that is put in for other text: a step that lengthens a text must not do so without bound. */
const Short = Schema.String.check(Schema.isMaxLength(16));
const Pattern = Schema.Union([
  Schema.Struct({ Regex: Schema.String }),
  Schema.Struct({ String: Schema.NonEmptyString }),
]);
const Replace = Schema.Struct({ pattern: Pattern, content: Short });
const Count = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 100 }));
const Bare = Schema.Struct({});
const Metaspace = Schema.Struct({
  replacement: Schema.optionalKey(Short),
  prepend_scheme: Schema.optionalKey(Schema.Literals(["always", "first", "never"])),
});

/** The field that holds the steps of a sequence. */
const STEPS = {
  normalizer: "normalizers",
  pre_tokenizer: "pretokenizers",
  decoder: "decoders",
} as const;

/** One of the parts. */
type Part = keyof typeof STEPS;

/** The fields that are read of a step, by its type. */
const TYPES: Readonly<Record<Part, Readonly<Record<string, Schema.Decoder<unknown>>>>> = {
  normalizer: {
    NFC: Bare,
    NFD: Bare,
    NFKC: Bare,
    NFKD: Bare,
    Lowercase: Bare,
    StripAccents: Bare,
    Strip: Schema.Struct({ strip_left: Flag, strip_right: Flag }),
    Prepend: Schema.Struct({ prepend: Short }),
    Replace,
  },
  pre_tokenizer: {
    ByteLevel: Schema.Struct({ add_prefix_space: Flag, use_regex: Flag }),
    Split: Schema.Struct({
      pattern: Pattern,
      behavior: Schema.Literals(["Isolated", "Removed"]),
      invert: Flag,
    }),
    Digits: Schema.Struct({ individual_digits: Flag }),
    Punctuation: Bare,
    Metaspace,
  },
  decoder: {
    ByteLevel: Bare,
    ByteFallback: Bare,
    Fuse: Bare,
    Metaspace,
    Replace,
    Strip: Schema.Struct({ content: Short, start: Count, stop: Count }),
  },
};

/** Most steps of a part. */
const MOST_STEPS = 16;
/** Most steps that put text in. */
const MOST_REPLACING = 3;

/** Where published patterns cut too: after words and before spaces, or before punctuation between letters. */
const SEAM = String
  .raw`(?<=[\p{L}\p{N}])(?=\s)|(?<=\S)(?= )|(?<=\p{L})(?=[^\s\p{L}\p{N}\p{M}'’_]\p{L})`;

/**
 * A step that cuts a text into pieces before a pattern gets it, at seams as far as there are any, so that a pattern's time
 * does not grow with the square of a text's length.
 */
const PIECES = {
  type: "Split",
  pattern: {
    Regex: String.raw`[\s\S]{1,MOST}(?:(?![\s\S])|${SEAM})|[\s\S]{1,MOST}`
      .replaceAll("MOST", String(LIMITS.pieceCharacters)),
  },
  behavior: "Isolated",
  invert: false,
};

/** The parts with the fields that are read, and no others. */
export type TokenizerParts = Readonly<Record<Part, Readonly<Record<string, unknown>> | null>>;

/** The parts of a `tokenizer.json`. Fails with `BadInput` unless each is known, and none may take forever. */
export function readParts(
  file: Readonly<Record<string, unknown>>,
): Result.Result<TokenizerParts, BadInput> {
  return Result.all({
    normalizer: readPart("normalizer", file),
    pre_tokenizer: readPart("pre_tokenizer", file),
    decoder: readPart("decoder", file),
  });
}

function readPart(part: Part, file: Readonly<Record<string, unknown>>) {
  return Result.gen(function* () {
    const steps = yield* stepsOf(part, file[part]);
    if (steps.length > MOST_STEPS) {
      return yield* refuse(`its ${part} must have at most ${MOST_STEPS} steps`, steps.length);
    }
    const replacing = steps.filter(({ type }) => type === "Replace" || type === "Prepend");
    if (replacing.length > MOST_REPLACING) {
      const rule = `its ${part} must put text in at most ${MOST_REPLACING} times`;
      return yield* refuse(rule, replacing.length);
    }
    const read = (yield* Result.all(steps.map((step) => readStep(part, step)))).flat();
    if (read.length < 2) return read[0] ?? null;
    return { type: "Sequence", [STEPS[part]]: read };
  });
}

interface Step {
  readonly type: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** The steps of a part, those of sequences in sequences included. */
function stepsOf(part: Part, value: unknown): Result.Result<ReadonlyArray<Step>, BadInput> {
  if (value === null || value === undefined) return Result.succeed([]);
  if (!isRecord(value)) return refuse(`its ${part} must be an object or null`, value);
  const type = value["type"];
  if (type === "Sequence") {
    const steps = value[STEPS[part]];
    if (!Array.isArray(steps)) return refuse(`${STEPS[part]} must be a list`, steps);
    return Result.map(Result.all(steps.map((step) => stepsOf(part, step))), (all) => all.flat());
  }
  if (typeof type === "string" && Object.hasOwn(TYPES[part], type)) {
    return Result.succeed([{ type, fields: value }]);
  }
  const known = ["Sequence", ...Object.keys(TYPES[part])].join(", ");
  return refuse(`the type of its ${part} must be one of ${known}`, type);
}

/** What is read of a step, after what must come before it. */
function readStep(part: Part, { type, fields }: Step) {
  const start = `Cannot load tokenizer.json as in ${type} of its ${part}`;
  return Result.gen(function* () {
    const read = yield* decodeInput(TYPES[part][type]!, fields, start);
    const pattern = isRecord(fields["pattern"]) ? fields["pattern"]["Regex"] : undefined;
    const step = { ...(read as object), type };
    if (typeof pattern !== "string") return [step];
    // What replaces text is given all of it at once.
    const isInPieces = part === "pre_tokenizer";
    yield* checkPattern(pattern, isInPieces ? 1 : 0);
    return isInPieces ? [PIECES, step] : [step];
  });
}

function checkPattern(pattern: string, mostDegree: number): Result.Result<void, BadInput> {
  if (pattern.length > LIMITS.patternCharacters) {
    const rule = `a regular expression must have at most ${LIMITS.patternCharacters} characters`;
    return refuse(rule, pattern.length);
  }
  const cost = patternCost(pattern);
  if (Result.isFailure(cost)) {
    return refuse(`of a regular expression ${cost.failure}`, pattern);
  }
  const { paths, degree } = cost.success;
  if (degree <= mostDegree && paths <= LIMITS.patternPaths) return Result.void;
  return refuse(
    "a regular expression must not match a text in very many ways, which may take forever",
    pattern,
  );
}

function refuse(rule: string, value: unknown): Result.Result<never, BadInput> {
  return Result.fail(
    new BadInput({
      message: `Cannot load tokenizer.json as ${rule}: current value is ${quote(value)}`,
    }),
  );
}
