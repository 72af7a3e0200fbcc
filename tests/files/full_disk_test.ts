/** A disk that becomes full after each byte of each write. tests/slow/kill_matrix_test.ts tries whole runs so. */
import { deepStrictEqual, match, ok } from "node:assert/strict";
import { Effect, type Scope } from "effect";
import type { BadInput } from "../../src/domain/errors.ts";
import { writeFileAtomic, writeFolderAtomic } from "../../src/files/atomic.ts";
import { writeNewFile } from "../../src/files/disk.ts";
import { jsonLine, openJsonlWriter } from "../../src/files/jsonl.ts";
import { breakDisk, readTree } from "../support/faulty_disk.ts";
import { folderTest, refusal, run } from "./fixtures.ts";

const BYTES = 700;
const text = (letter: string) => letter.repeat(BYTES);

/** Texts of the files in a folder, by path. */
function textsIn(folder: string): Readonly<Record<string, string>> {
  const files = [...readTree(folder)].filter(([, bytes]) => bytes !== null);
  return Object.fromEntries(
    files.map(([path, bytes]) => [path.slice(1), new TextDecoder().decode(bytes!)]),
  );
}

/** A change of a disk that has room for ever more bytes of each write; checks what each refusal leaves. */
async function refuseAtEachByte(
  folder: string,
  write: Effect.Effect<unknown, BadInput, Scope.Scope>,
  check: () => Promise<void>,
): Promise<void> {
  const before = textsIn(folder);
  const whole = breakDisk(null, () => {});
  await run(write).finally(whole.restore);
  const faults = whole.changes.flatMap(({ bytes }, at) =>
    Array.from({ length: bytes }, (_, room) => ({ at, how: "full", bytes: room } as const))
  );
  ok(faults.length >= BYTES);
  for (const [path, content] of Object.entries(before)) {
    await Deno.writeTextFile(`${folder}/${path}`, content);
  }
  for (const fault of faults) {
    const full = breakDisk(fault, () => {});
    match(await refusal(write).finally(full.restore), /^Cannot write .*: No space left on device/);
    await check();
  }
}

folderTest("a file is as it was before, whichever byte of it finds no room", async (folder) => {
  const before = { "a.json": text("o") };
  await Deno.writeTextFile(`${folder}/a.json`, before["a.json"]);
  const write = Effect.suspend(() => writeFileAtomic(`${folder}/a.json`, text("n")));
  await refuseAtEachByte(folder, write, async () => {
    await Promise.resolve();
    deepStrictEqual(textsIn(folder), before);
  });
});

folderTest("a folder is as it was before, whichever byte of it finds no room", async (folder) => {
  await Deno.mkdir(`${folder}/step-1`);
  await Deno.writeTextFile(`${folder}/step-1/a`, text("o"));
  const write = Effect.suspend(() =>
    writeFolderAtomic(
      `${folder}/step-1`,
      (path) => writeNewFile(`${path}/a`, [new TextEncoder().encode(text("n"))]),
    )
  );
  await refuseAtEachByte(folder, write, async () => {
    await Promise.resolve();
    deepStrictEqual(textsIn(folder), { "step-1/a": text("o") });
  });
});

folderTest("a line that found no room is gone when its file is opened again", async (folder) => {
  const path = `${folder}/metrics.jsonl`;
  const first = jsonLine({ step: 1 });
  await Deno.writeTextFile(path, first);
  const write = Effect.flatMap(openJsonlWriter(path), ({ append }) => append(text("n")));
  await refuseAtEachByte(folder, write, async () => {
    await run(openJsonlWriter(path));
    deepStrictEqual(textsIn(folder), { "metrics.jsonl": first });
  });
});
