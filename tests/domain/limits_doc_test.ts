import { deepStrictEqual } from "node:assert/strict";
import { LIMITS } from "../../src/domain/limits.ts";

const page = await Deno.readTextFile(new URL("../../docs/limits.md", import.meta.url));

Deno.test("docs/limits.md gives each bound its value", () => {
  const rows = [...page.matchAll(/^\| `(\w+)` *\| (\d+) +\|/gm)];
  deepStrictEqual(
    Object.fromEntries(rows.map(([, name, bound]) => [name, Number(bound)]).toSorted()),
    Object.fromEntries(Object.entries(LIMITS).toSorted()),
  );
});
