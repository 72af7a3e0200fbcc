/** The tables of `./igpo bench:gpu`, in Markdown. */
import { Effect } from "effect";
import { type Measured, type TimedWork, timeOps } from "./op_times.ts";
import {
  CARD_NAMES,
  CARDS,
  cardSeconds,
  phaseSeconds,
  reachedSpeed,
  type SizedOp,
} from "./roofline.ts";

/** Rows of a table below its head. */
export function markdown(
  head: ReadonlyArray<string>,
  rows: ReadonlyArray<ReadonlyArray<unknown>>,
): string {
  return [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`)
    .join("\n");
}

/** A number with three digits. */
const short = (value: number) => value === 0 ? "0" : Number(value.toPrecision(3)).toString();

/** Milliseconds of all ops of a piece of work; null where one was not measured. */
function allMillis({ ops, measured }: TimedWork): number | null {
  if (ops.some(({ name }) => !measured.has(name))) return null;
  return ops.reduce((sum, { name, ops }) => sum + ops.length * measured.get(name)!, 0);
}

function opTable(timed: TimedWork): string {
  const { work, ops, measured } = timed;
  const head = ["op", "ops", "multiply-adds, M", "MB", "dispatches", "threads"];
  const rowOf = (op: SizedOp) => [
    ...[op.name, op.ops.length, short(op.work.multiplyAdds / 1e6), short(op.work.bytes / 1e6)],
    ...[op.dispatches, op.threads],
    ...CARD_NAMES.map((card) => short(1000 * cardSeconds(op, CARDS[card]))),
    measured.has(op.name) ? short(measured.get(op.name)!) : "",
  ];
  const sums = CARD_NAMES.map((card) => short(1000 * phaseSeconds(ops, CARDS[card])));
  const here = allMillis(timed);
  const all = ["all", "", "", "", "", "", ...sums, here === null ? "" : short(here)];
  const columns = [...head, ...CARD_NAMES.map((card) => `${card}, ms`), "here, ms"];
  return `## ${work}\n\n${markdown(columns, [...ops.map(rowOf), all])}\n`;
}

/** What the adapter would take for each piece of work if every op reached the best of them, and what it took. */
function modelTable(works: ReadonlyArray<TimedWork>): string {
  const speed = reachedSpeed(works.flatMap(({ ops, measured }) =>
    ops.flatMap((op) => {
      const millis = measured.get(op.name);
      return millis === undefined ? [] : [{ op, millis }];
    })
  ));
  const rows = works.flatMap((timed) => {
    const here = allMillis(timed);
    const least = 1000 * phaseSeconds(timed.ops, speed);
    return here === null ? [] : [[timed.work, short(least), short(here), short(here / least)]];
  });
  const words =
    `The best of its ops reached ${short(speed.multiplyAdds / 1e9)} G multiply-adds/s, ` +
    `${short(speed.bytes / 1e9)} GB/s and ${short(1e6 * speed.dispatch)} µs a dispatch.`;
  const head = ["work", "at least, ms", "took, ms", "took / at least"];
  return `## The model beside this adapter\n\n${words}\n\n${markdown(head, rows)}\n`;
}

/** The name of the adapter and the tables of a model on it. */
export const tablesOf = Effect.fnUntraced(function* (asked: Measured) {
  const { name, works } = yield* timeOps(asked);
  const isMeasured = works.some(({ measured }) => measured.size > 0);
  const tables = [...works.map(opTable), ...(isMeasured ? [modelTable(works)] : [])];
  return { name, tables: tables.join("\n") };
});
