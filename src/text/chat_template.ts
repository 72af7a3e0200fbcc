import { Environment, Interpreter, Template } from "@huggingface/jinja";
import { Predicate, Result, Schema } from "effect";
import { BadInput } from "../domain/errors.ts";
import { LIMITS } from "../domain/limits.ts";
import { shorten } from "../domain/quote.ts";

/** A message as chat templates read it; fields beyond these are passed on to the template. */
export interface ChatMessage {
  readonly role: string;
  readonly content?: unknown;
  readonly [field: string]: unknown;
}

/** Options of a rendering, as in transformers' `apply_chat_template`. */
export interface RenderOptions {
  /** Append the header of the message the model writes next. @default {false} */
  readonly addGenerationPrompt?: boolean;
  /** JSON schemas of tools. @default {null} */
  readonly tools?: ReadonlyArray<unknown> | null;
  /** If it is left out, the template decides. */
  readonly enableThinking?: boolean;
  /** The time that `strftime_now` prints, in local time; a template that calls it fails without one. */
  readonly now?: Date;
}

/** A chat template: turns messages into text of the form that a model was trained on. */
export interface ChatTemplate {
  /** Fails with `BadInput` when the template refuses the messages. */
  readonly render: (
    messages: ReadonlyArray<ChatMessage>,
    options?: RenderOptions,
  ) => Result.Result<string, BadInput>;
}

const NamedTemplate = Schema.Struct({ name: Schema.String, template: Schema.String });

const TemplateConfig = Schema.Struct({
  chat_template: Schema.Union([Schema.String, Schema.Array(NamedTemplate)]),
});

/**
 * The chat template of a parsed `tokenizer_config.json`. `chatTemplate` replaces the configuration's own:
 * newer checkpoints keep it in `chat_template.jinja`.
 */
export function makeChatTemplate(
  tokenizerConfig: unknown,
  chatTemplate?: string,
): Result.Result<ChatTemplate, BadInput> {
  return Result.gen(function* () {
    const source = chatTemplate ?? (yield* templateSource(tokenizerConfig));
    if (source.length > LIMITS.templateCharacters) {
      return yield* Result.fail(
        new BadInput({
          message: `Cannot use this chat template as it must have at most ` +
            `${LIMITS.templateCharacters} characters: it has ${source.length}`,
        }),
      );
    }
    const template = yield* Result.try({
      try: () => new Template(source),
      catch: (error) =>
        new BadInput({
          message: `Cannot read the chat template as it must be Jinja: ${readerWords(error)}`,
        }),
    });
    const specialTokens = specialTokensOf(tokenizerConfig);
    return {
      render: (messages, options = {}) =>
        Result.try({
          try: () => render(template, { ...variables(messages, options), ...specialTokens }),
          catch: (error) =>
            new BadInput({
              message: `Cannot render the chat template as it refuses the messages: ${
                refusalWords(error)
              }`,
            }),
        }),
    };
  });
}

/** What the reader of templates finds wrong; of the engine below it only what that means. */
function readerWords(error: unknown): string {
  return error instanceof Error && !(error instanceof RangeError) && !(error instanceof TypeError)
    ? shorten(error.message)
    : "it nests too deep";
}

/** What a template says against the messages. */
class Refusal extends Error {}

function refusalWords(error: unknown): string {
  if (error instanceof Refusal) return shorten(error.message);
  if (error instanceof RangeError) return "it nests too deep, or makes too long a text";
  return "it asks for what is not there, or does what is not known here";
}

function templateSource(tokenizerConfig: unknown): Result.Result<string, BadInput> {
  const found = Schema.decodeUnknownResult(TemplateConfig)(tokenizerConfig);
  const source = Result.map(
    found,
    ({ chat_template }) =>
      Predicate.isString(chat_template)
        ? chat_template
        : chat_template.find(({ name }) => name === "default")?.template,
  );
  if (Result.isSuccess(source) && source.success !== undefined) {
    return Result.succeed(source.success);
  }
  return Result.fail(
    new BadInput({
      message: "Cannot chat with this model as tokenizer_config.json must hold a chat_template: " +
        "current value is none",
    }),
  );
}

// transformers passes each special token that is set: bos_token, eos_token, pad_token, ...
function specialTokensOf(tokenizerConfig: unknown): Record<string, string> {
  if (!Predicate.isObject(tokenizerConfig)) return {};
  const tokens = Object.entries(tokenizerConfig).flatMap(([key, value]) => {
    const content = Predicate.isObject(value) && "content" in value ? value.content : value;
    return key.endsWith("_token") && Predicate.isString(content) ? [[key, content] as const] : [];
  });
  return Object.fromEntries(tokens);
}

function variables(messages: ReadonlyArray<ChatMessage>, options: RenderOptions) {
  return {
    messages,
    tools: options.tools ?? null,
    documents: null,
    add_generation_prompt: options.addGenerationPrompt ?? false,
    ...(options.enableThinking === undefined ? {} : { enable_thinking: options.enableThinking }),
    strftime_now: (format: string) => strftime(options.now, format),
  };
}

// The library's own `Template.render` reads the clock for strftime_now; callers cannot change that.
function render(template: Template, values: Record<string, unknown>): string {
  const environment = new Environment();
  for (const [name, value] of Object.entries({ ...GLOBALS, ...values })) {
    environment.set(name, value);
  }
  return String(new Interpreter(environment).run(template.parsed).value);
}

const GLOBALS = {
  true: true,
  false: false,
  none: null,
  True: true,
  False: false,
  None: null,
  range,
  raise_exception: (message: unknown) => {
    throw new Refusal(String(message));
  },
};

function range(first: number, end?: number, step = 1): ReadonlyArray<number> {
  const [start, stop] = end === undefined ? [0, first] : [first, end];
  const length = Math.max(0, Math.ceil((stop - start) / step));
  return Array.from({ length }, (_, i) => start + i * step);
}

const MONTHS =
  "January February March April May June July August September October November December"
    .split(" ");
const DAYS = "Sunday Monday Tuesday Wednesday Thursday Friday Saturday".split(" ");

// Python's strftime in the C locale, as far as templates use it.
function strftime(now: Date | undefined, format: string): string {
  if (now === undefined) throw new Refusal("it asks for the date and none was given");
  const two = (n: number) => String(n).padStart(2, "0");
  const month = MONTHS[now.getMonth()]!;
  const day = DAYS[now.getDay()]!;
  const fields: Record<string, string> = {
    Y: String(now.getFullYear()),
    y: two(now.getFullYear() % 100),
    m: two(now.getMonth() + 1),
    d: two(now.getDate()),
    B: month,
    b: month.slice(0, 3),
    A: day,
    a: day.slice(0, 3),
    H: two(now.getHours()),
    M: two(now.getMinutes()),
    S: two(now.getSeconds()),
    "%": "%",
  };
  return format.replaceAll(/%(.)/g, (text, field: string) => fields[field] ?? text);
}
