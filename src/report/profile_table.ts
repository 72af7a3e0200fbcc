import type { Profile } from "../domain/report.ts";
import { duration } from "./style.ts";

/** Rows of single ops; the ops that took less time share one more row. */
const ROWS = 24;

/** Where a run's time went: device time by program and op, longest first, and the rest of the wall time. */
export function profileTable({ times, untimed }: Profile, wallSeconds: number): string {
  const seconds = times.reduce((sum, time) => sum + time.seconds, 0);
  const shown = times.slice(0, ROWS);
  const row = (program: string, op: string, dispatches: string, time: number) =>
    `${program.padEnd(14)}${op.padEnd(26)}${dispatches.padStart(10)}` +
    `${time.toFixed(3).padStart(10)}${(100 * time / wallSeconds).toFixed(1).padStart(7)} %`;
  const rest = times.slice(ROWS);
  return [
    `Profile: kernels took ${duration(seconds)} of ${duration(wallSeconds)}`,
    `${"program".padEnd(14)}${"op".padEnd(26)}${"dispatches".padStart(10)}${
      "seconds".padStart(10)
    }${"share".padStart(9)}`,
    ...shown.map(({ program, op, dispatches, seconds }) =>
      row(program, op, String(dispatches), seconds)
    ),
    ...(rest.length === 0 ? [] : [row("others", "", "", rest.reduce((s, t) => s + t.seconds, 0))]),
    row(untimed === 0 ? "not kernels" : "not timed", "", "", wallSeconds - seconds),
    ...(untimed === 0
      ? []
      : [`The profile was full before ${untimed} dispatches: take fewer steps`]),
  ].join("\n");
}
