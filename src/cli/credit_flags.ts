/** The flags of `./igpo credit`. */
import { Argument, Flag } from "effect/cli";
import { OTHER_CREDITS, type OtherCredit } from "../pipeline/trace_credit.ts";
import { LONGEST_CONTEXT } from "../run/plan_credit.ts";
import {
  adapter,
  config,
  device,
  listed,
  memory,
  model,
  preset,
  questions,
  revision,
  text,
  weights,
} from "./flags.ts";
import { Option } from "effect";

/** The credits of these names, none where one is unknown. */
function asCredits(names: ReadonlyArray<string>): Option.Option<ReadonlyArray<OtherCredit>> {
  const known = OTHER_CREDITS.filter((name) => names.includes(name));
  return known.length === names.length ? Option.some(known) : Option.none();
}

/** The flags of `./igpo credit`. */
export const creditFlags = {
  traces: Argument.String("traces").pipe(
    Argument.withDescription("Logs: .json, .jsonl or .eval, or a folder of them"),
  ),
  out: text("out", "FILE", "File of the records, as the viewer reads them"),
  credits: Flag.String("credits").pipe(
    Flag.map((names) => names === "none" ? [] : listed(names)),
    Flag.filterMap(
      asCredits,
      (names) =>
        `Expected different names out of ${OTHER_CREDITS.join(", ")}, or none, got ${names}`,
    ),
    Flag.withMetavar("NAME,NAME"),
    Flag.withDescription(
      `Credits beside the gain, ${OTHER_CREDITS.join(" and ")}, each a context a turn: ` +
        "none is fastest (default all)",
    ),
    Flag.withDefault(OTHER_CREDITS),
  ),
  context: Flag.Int("context").pipe(
    Flag.filter((value) => value >= 1, (value) => `Expected 1 or more, got ${value}`),
    Flag.withMetavar("N"),
    Flag.withDescription(
      `Tokens of a transcript, at most those that the model knows; longer ones lose the middle of ` +
        `their oldest results (default ${LONGEST_CONTEXT})`,
    ),
    Flag.withDefault(LONGEST_CONTEXT),
  ),
  ...{ model, revision, adapter, questions, preset, config, device, weights, memory },
};
