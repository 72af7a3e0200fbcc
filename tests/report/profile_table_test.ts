import { match, strictEqual } from "node:assert/strict";
import type { OpTime } from "../../src/domain/report.ts";
import { profileTable } from "../../src/report/profile_table.ts";

const time = (op: string, seconds: number) => ({ program: "update", op, dispatches: 3, seconds });

const all = (...times: ReadonlyArray<OpTime>) => ({ times, untimed: 0 });

Deno.test("profileTable() gives each op its share of the wall's time, and the rest of it", () => {
  const lines = profileTable(all(time("linear_forward", 3), time("sample", 1)), 8).split("\n");
  strictEqual(lines[0], "Profile: kernels took 4.0 s of 8.0 s");
  match(lines[2]!, /^update +linear_forward +3 +3\.000 +37\.5 %$/);
  match(lines.at(-1)!, /^not kernels +4\.000 +50\.0 %$/);
});

Deno.test("profileTable() sums up what would be too many rows", () => {
  const many = Array.from({ length: 30 }, (_, i) => time(`op${i}`, 1));
  const lines = profileTable(all(...many), 60).split("\n");
  strictEqual(lines.length, 2 + 24 + 2);
  match(lines.at(-2)!, /^others +6\.000 +10\.0 %$/);
});

Deno.test("profileTable() says what a full profile has not timed", () => {
  const lines = profileTable({ times: [time("sample", 1)], untimed: 12 }, 4).split("\n");
  match(lines.at(-2)!, /^not timed +3\.000 +75\.0 %$/);
  match(lines.at(-1)!, /full before 12 dispatches/);
});
