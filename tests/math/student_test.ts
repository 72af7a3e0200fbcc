import { ok, strictEqual } from "node:assert/strict";
import { studentQuantile, studentTest } from "../../src/math/student.ts";

Deno.test("studentQuantile() gives the numbers of printed tables", () => {
  const table = [
    [0.975, 1, "12.706"],
    [0.975, 2, "4.303"],
    [0.975, 3, "3.182"],
    [0.975, 4, "2.776"],
    [0.975, 9, "2.262"],
    [0.975, 30, "2.042"],
    [0.95, 7, "1.895"],
    [0.8, 4, "0.941"],
    [0.025, 4, "-2.776"],
  ] as const;
  for (const [p, degrees, want] of table) {
    strictEqual(studentQuantile(p, degrees).toFixed(3), want);
  }
});

Deno.test("studentQuantile() of a half is 0", () => {
  for (const degrees of [1, 2, 5, 8]) {
    ok(Math.abs(studentQuantile(0.5, degrees)) < 1e-9);
  }
});

Deno.test("studentTest() is 0.05 at the ends of a 95 % interval, 1 at 0, and the same on both sides", () => {
  for (const degrees of [1, 4, 9, 30]) {
    const t = studentQuantile(0.975, degrees);
    ok(Math.abs(studentTest(t, degrees) - 0.05) < 1e-9, `${degrees}`);
    strictEqual(studentTest(-t, degrees), studentTest(t, degrees));
    ok(Math.abs(studentTest(0, degrees) - 1) < 1e-12);
  }
  strictEqual(studentTest(Infinity, 3), 0);
});
