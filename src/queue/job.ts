/** What trainer and workers tell each other: small records, decoded by their schemas. Bytes travel as blobs. */
import { createHash } from "node:crypto";
import { Schema, type Tracer } from "effect";
import { RunConfig } from "../domain/config.ts";
import { DateText } from "../domain/date.ts";
import { quote } from "../domain/quote.ts";

/** Changes with every change of what is said; programs of two protocols refuse each other. */
export const PROTOCOL = 3;

const Count = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0));

const Sha256 = Schema.String.check(
  Schema.isPattern(/^[0-9a-f]{64}$/, { expected: "64 hexadecimal digits" }),
);

/** A blob: it is named by the SHA-256 of its bytes, so that whoever gets it can check it. */
export const BlobRef = Schema.Struct({ sha256: Sha256, bytes: Count });

/** A blob's name and size. */
export type BlobRef = typeof BlobRef.Type;

const JobQuestion = Schema.Struct({
  id: Schema.String,
  text: Schema.String,
  golds: Schema.Array(Schema.String),
  kind: Schema.String,
  weight: Schema.optionalKey(Schema.Finite),
});

const SpanRef = Schema.Struct({
  traceId: Schema.String.check(Schema.isPattern(/^[0-9a-f]{32}$/)),
  spanId: Schema.String.check(Schema.isPattern(/^[0-9a-f]{16}$/)),
});

/** The field of a job that names a span. */
export function spanRef(span: Tracer.AnySpan | null): Pick<Job, "span"> {
  return span === null ? {} : { span: { traceId: span.traceId, spanId: span.spanId } };
}

const JOB = {
  /** Blob of the {@link RunRecord}. */
  run: BlobRef,
  /** Blob of the trained weights that are used. */
  weights: BlobRef,
  /** Updates that these weights have seen. */
  updates: Count,
  step: Schema.Int.check(Schema.isGreaterThanOrEqualTo(1)),
  /** The trainer's span of the step, where it exports spans. It is no part of the job's name. */
  span: Schema.optionalKey(SpanRef),
} as const;

/** One group: the episodes of one question in one step, to be played and scored. */
export const GroupJob = Schema.Struct({ ...JOB, question: JobQuestion });

/** A group to be played and scored. */
export type GroupJob = typeof GroupJob.Type;

/** One gradient shard: some sequences of an update, whose gradient is to be computed. */
export const ShardJob = Schema.Struct({
  ...JOB,
  /** Its place in the sum, from 0. */
  index: Count,
  /** Blob of the sequences, with all that their loss depends on. */
  shard: BlobRef,
});

/** A gradient shard to be computed. */
export type ShardJob = typeof ShardJob.Type;

/**
 * What is handed out. All draws follow from the run's seed and from these fields, so that every worker that does a job
 * comes to the same result.
 */
export const Job = Schema.Union([GroupJob, ShardJob]);

/** What is handed out. */
export type Job = typeof Job.Type;

/** A job as messages call it. */
export function describeJob(job: Job): string {
  return "shard" in job
    ? `gradient shard ${job.index + 1}`
    : `the group of question ${quote(job.question.id)}`;
}

/** What a worker must know of a run. Paths and addresses in it are the trainer's: a worker uses those of its own flags. */
export const RunRecord = Schema.Struct({
  /** Version of the program: only equal code computes equal bytes. */
  version: Schema.String,
  config: RunConfig,
  /** The date in the system prompt. */
  date: DateText,
  /** A question, and the fingerprint of its prompt under the weights that the run began with. */
  probe: Schema.String,
  fingerprint: Sha256,
  /** Tokens of the trainer's passes, which decide the bits of gradients. */
  passTokens: Count,
  /** What workers with other arithmetic are compared with; null where none is let in. */
  mixed: Schema.NullOr(Schema.Struct({ prompt: Sha256, logProb: Schema.Uint8ArrayFromBase64 })),
});

/** What a worker must know of a run. */
export type RunRecord = typeof RunRecord.Type;

/** The name of a job: equal jobs have equal names, so that a job that is done twice has one result. */
export function jobId(job: Job): string {
  const { run, weights, updates, step } = job;
  const all = [PROTOCOL, run.sha256, weights.sha256, updates, step, ...fieldsOf(job)];
  return sha256Of([new TextEncoder().encode(JSON.stringify(all))]);
}

function fieldsOf(job: Job): ReadonlyArray<unknown> {
  if ("shard" in job) return [job.index, job.shard.sha256];
  const { id, text, golds, kind, weight = null } = job.question;
  return [id, text, golds, kind, weight];
}

/** SHA-256 of parts that follow each other, as hexadecimal digits. */
export function sha256Of(parts: Iterable<Uint8Array>): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest("hex");
}
