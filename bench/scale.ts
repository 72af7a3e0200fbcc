// deno-lint-ignore-file no-console
/** Prints the tables of docs/scale.md; with options, a step of one world: `scale.ts --workers 100 --link 10`. */
import { parseArgs } from "node:util";
import { Result } from "effect";
import { COUNTED_FORMS } from "../tests/support/dispatch_counts.ts";
import { SHAPE_NAMES } from "./random_model.ts";
import { TRAINING_CARDS } from "./scale_costs.ts";
import {
  COST_HEAD,
  costRows,
  OTHER_HEAD,
  otherRows,
  SETTING,
  STAGE_HEAD,
  stageRows,
  STEP_HEAD,
  stepCells,
  stepRows,
  worldOf,
} from "./scale_tables.ts";

type Rows = ReadonlyArray<ReadonlyArray<string>>;

function print(head: ReadonlyArray<string>, rows: Rows): void {
  const lines = [head, head.map(() => "---"), ...rows];
  console.log(lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n") + "\n");
}

function refuse(sentence: string): never {
  console.error(sentence);
  Deno.exit(2);
}

/** One of some names. */
function oneOf<Name extends string>(flag: string, names: ReadonlyArray<Name>, value: string): Name {
  return names.find((name) => name === value) ??
    refuse(`Cannot simulate as --${flag} must be ${names.join(", ")}: current value is "${value}"`);
}

/** A number of at least `least`. */
function number(flag: string, least: number, value: string): number {
  const found = Number(value);
  if (value.trim() !== "" && Number.isFinite(found) && found >= least) return found;
  return refuse(
    `Cannot simulate as --${flag} must be a number of at least ${least}: current value is "${value}"`,
  );
}

if (Deno.args.length === 0) {
  print(COST_HEAD, costRows());
  print(STEP_HEAD, stepRows());
  print(OTHER_HEAD, otherRows());
  print(STAGE_HEAD, stageRows());
  Deno.exit(0);
}

const { search: { medianSeconds, tailSeconds } } = SETTING;
const text = (fallback: string | number) =>
  ({ type: "string", default: String(fallback) }) as const;
const options = {
  model: text(SETTING.model),
  weights: text(SETTING.weights),
  card: text(SETTING.card),
  workers: text(SETTING.workers),
  groups: text(SETTING.groups),
  link: text(SETTING.gigabits),
  search: text(medianSeconds),
  failures: text(SETTING.failures),
};
const parsed = Result.try(() => parseArgs({ options }));
if (Result.isFailure(parsed)) {
  refuse(
    `Cannot simulate as options must be --${Object.keys(options).join(" X, --")} X: ` +
      `current value is "${Deno.args.join(" ")}"`,
  );
}
const { values } = parsed.success;
const median = number("search", 0.001, values.search);
const setting = {
  model: oneOf("model", SHAPE_NAMES, values.model),
  weights: oneOf("weights", COUNTED_FORMS, values.weights),
  card: oneOf("card", TRAINING_CARDS, values.card),
  workers: Math.floor(number("workers", 0, values.workers)),
  groups: Math.floor(number("groups", 1, values.groups)),
  gigabits: number("link", 0.001, values.link),
  search: { medianSeconds: median, tailSeconds: median * tailSeconds / medianSeconds },
  failures: number("failures", 0, values.failures),
};
const world = worldOf(setting);
if (Result.isFailure(world)) refuse(world.failure);
print(STEP_HEAD, [[setting.model, setting.weights, ...stepCells(world.success)]]);
