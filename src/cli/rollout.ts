import { Effect } from "effect";
import { Command, Flag } from "effect/cli";
import { BadInput } from "../domain/errors.ts";
import type { Flags } from "../domain/flags.ts";
import { rolloutBatches, TRAINERS } from "../programs/rollout.ts";
import { configure } from "../run/configure.ts";
import { layerPolicy } from "../run/layers.ts";
import { prepare } from "../run/prepare.ts";
import { embeddedModel } from "./embedded_model.ts";
import {
  data,
  describe,
  memory,
  policy,
  preset,
  seed,
  sources,
  text,
  weights,
  world,
} from "./flags.ts";

const atLeastOne = (name: string, description: string) =>
  Flag.Int(name).pipe(
    Flag.filter((value) => value >= 1, (value) => `Expected 1 or more, got ${value}`),
    Flag.withMetavar("N"),
    Flag.withDescription(description),
    Flag.withDefault(1),
  );

const rolloutFlags = {
  out: text("out", "DIR", "Folder of the batches, step_1, step_2 and so on"),
  trainer: Flag.Literals("trainer", TRAINERS).pipe(
    Flag.withDescription("Who reads the batches"),
  ),
  ranks: atLeastOne("ranks", "Data-parallel ranks of prime-rl's trainer (default 1)"),
  steps: atLeastOne("steps", "Steps to play with these weights (default 1)"),
  seed,
  preset,
  world,
  policy,
  ...sources,
  ...data,
  weights,
  memory,
};

const runRollout = Effect.fnUntraced(function* (
  { trainer, ranks, ...flags }: Partial<Flags> & {
    readonly out: string | null;
    readonly trainer: typeof TRAINERS[number];
    readonly ranks: number;
  },
) {
  if (flags.out === null) {
    return yield* new BadInput({
      message: "Cannot roll out without --out: it names the folder of the batches",
    });
  }
  if (ranks > 1 && trainer !== "prime-rl") {
    return yield* new BadInput({
      message: `Cannot use --ranks as ${trainer} cuts a batch by itself: it is ${ranks}`,
    });
  }
  const plan = yield* configure("rollout", flags);
  const prepared = yield* prepare(plan, {
    embeddedModel,
    purpose: "evaluate",
    questions: "train",
    isOneRun: false,
  });
  yield* rolloutBatches({ ...prepared, trainer, ranks }).pipe(
    Effect.provide(layerPolicy(prepared)),
  );
}, Effect.scoped);

/** Plays steps for a trainer elsewhere. */
export const rollingOut = Command.make("rollout", rolloutFlags, runRollout).pipe(
  describe("Play steps for another trainer: batches of verl or prime-rl"),
);
