/**
 * Gives every reader mutations of good files. Each must be read, or refused in one short sentence without words of
 * engine or libraries, within two seconds.
 */
import { ok, strictEqual } from "node:assert/strict";
import { declareFuzz, isRead, judgeOnce } from "./fuzz.ts";
import { READERS } from "./readers.ts";

const FINDS = new URL("./finds/", import.meta.url);

for (const reader of READERS) {
  Deno.test(`${reader.name}: each seed is read`, async () => {
    for (const [i, seed] of reader.seeds.entries()) ok(await isRead(reader, seed), `seed ${i}`);
  });
}

declareFuzz({ runs: 300, from: 0, mostBytes: Infinity });

for await (const { name } of Deno.readDir(FINDS)) {
  const [reader] = name.split(".");
  Deno.test(`finds/${name} is read, or refused in a sentence`, async () => {
    const bytes = await Deno.readFile(new URL(name, FINDS));
    strictEqual(await judgeOnce(READERS.find((one) => one.name === reader)!, bytes), null);
  });
}
