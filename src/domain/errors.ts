import { Schema } from "effect";
import { SEARCH_FAILURES } from "./search.ts";

/** Something the user gave cannot work; the message is one sentence with the rule and the value. Exit code 2. */
export class BadInput extends Schema.TaggedError<BadInput>()("BadInput", {
  message: Schema.String,
}) {}

/** No adapter could be opened for the device that was asked for. Exit code 2. */
export class NoAdapter extends Schema.TaggedError<NoAdapter>()("NoAdapter", {
  message: Schema.String,
}) {}

/** The device refused or failed a kernel; `kernel` is the op's name. */
export class KernelFailed extends Schema.TaggedError<KernelFailed>()("KernelFailed", {
  kernel: Schema.String,
  message: Schema.String,
}) {}

/** The environment itself broke (not one of its tools): the episode is dropped and counted. */
export class EnvironmentCrashed extends Schema.TaggedError<EnvironmentCrashed>()(
  "EnvironmentCrashed",
  { boundary: Schema.String, message: Schema.String },
) {}

/** A job of a queue failed; `message` says why. The queue hands it out again until it has failed too often. */
export class JobFailed extends Schema.TaggedError<JobFailed>()("JobFailed", {
  message: Schema.String,
}) {}

/** An inference server gave nothing that can be used; `message` says which and why. Exit code 1. */
export class ServerFailed extends Schema.TaggedError<ServerFailed>()("ServerFailed", {
  kind: Schema.Literals(SEARCH_FAILURES),
  message: Schema.String,
}) {}

/** Loss or gradient was not finite in three updates in a row; `message` names op and turn. */
export class TrainingDiverged extends Schema.TaggedError<TrainingDiverged>()("TrainingDiverged", {
  message: Schema.String,
}) {}

/** A file of questions holds rows that are none. Exit code 1. */
export class BadRows extends Schema.TaggedError<BadRows>()("BadRows", {
  message: Schema.String,
}) {}

/** A reward breaks its contract or pays for a hack. Exit code 1. */
export class BadReward extends Schema.TaggedError<BadReward>()("BadReward", {
  message: Schema.String,
}) {}
