import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { inBytes } from "../../src/domain/bytes.ts";
import { fetchedLine, fetchLine } from "../../src/report/fetch_line.ts";

const shard = { name: "model-00001-of-00004.safetensors", size: 4_900_000_000 };

Deno.test("fetchLine() shows a share and fits into 80 columns", () => {
  const line = fetchLine(shard, 2_450_000_000);
  strictEqual(line, `${shard.name}  ${"█".repeat(12)}${"░".repeat(12)}  2.5 GB of 4.9 GB`);
  ok(line.length < 80);
});

Deno.test("fetchedLine() says what came", () => {
  strictEqual(fetchedLine({ name: "config.json", size: 440 }), "Fetched config.json, 440 B");
});

Deno.test("inBytes() keeps two digits or more, in powers of 1000", () => {
  deepStrictEqual([0, 999, 1000, 11_224, 999_000, 988_097_824].map(inBytes), [
    ...["0 B", "999 B", "1.0 kB", "11.2 kB", "999 kB", "988 MB"],
  ]);
});
