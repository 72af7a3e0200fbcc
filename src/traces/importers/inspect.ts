import { Predicate, Schema } from "effect";
import { isRecord } from "../../domain/decode.ts";
import { type Draft, draftOf, importer } from "../importer.ts";
import { Losses } from "../message.ts";
import { readMessages } from "../messages.ts";
import { Fields, golds, List, maybe } from "../shapes.ts";

const Sample = Schema.Struct({
  id: Schema.Union([Schema.String, Schema.Finite]),
  epoch: Schema.Finite,
  input: Schema.Unknown,
  target: Schema.Unknown,
  messages: List,
  scores: maybe(Schema.Record(Schema.String, Schema.Struct({ value: Schema.Unknown }))),
  attachments: maybe(Fields),
  error: maybe(Schema.Unknown),
});

type Sample = typeof Sample.Type;

const Log = Schema.Struct({ eval: Fields, samples: Schema.Array(Sample) });

/** Inspect's log as JSON, or a sample of it, as `.eval` files have each in a file of its own. */
export const inspect = importer({
  name: "inspect",
  shape: Schema.Union([Log, Sample]),
  lacks: 'no "samples" with "eval", nor a sample with "epoch" and "target"',
  read: (document) =>
    "samples" in document ? document.samples.map(readSample) : readSample(document),
});

function readSample(sample: Sample): Draft {
  const losses = new Losses();
  const messages = withAttachments(sample.messages, sample.attachments ?? {});
  if (!Predicate.isNullish(sample.error)) losses.add("rest of the run, which ended with an error");
  return draftOf(readMessages(Array.isArray(messages) ? messages : [], "messages", losses), {
    id: `${sample.id}/${sample.epoch}`,
    golds: golds(sample.target),
    reward: rewardOf(sample),
  }, { losses });
}

const ATTACHMENT = "attachment://";

/** Long texts stand apart, under the hash by which messages name them. */
function withAttachments(
  value: unknown,
  attachments: Readonly<Record<string, unknown>>,
): unknown {
  if (Predicate.isString(value)) {
    const hash = value.startsWith(ATTACHMENT) ? value.slice(ATTACHMENT.length) : null;
    return hash !== null && Object.hasOwn(attachments, hash) ? attachments[hash] : value;
  }
  if (Array.isArray(value)) return value.map((one) => withAttachments(one, attachments));
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [key, withAttachments(one, attachments)]),
  );
}

/** Inspect's letters as its own metrics count them. */
const LETTERS: ReadonlyMap<string, number> = new Map([["C", 1], ["P", 0.5], ["I", 0], ["N", 0]]);

/** The value of the first scorer, if it is a number or one of Inspect's letters. */
function rewardOf({ scores }: Sample): number | null {
  const value = Object.values(scores ?? {})[0]?.value;
  if (Predicate.isString(value)) return LETTERS.get(value) ?? null;
  return Predicate.isNumber(value) && Number.isFinite(value) ? value : null;
}
