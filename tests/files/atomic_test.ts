import assert from "node:assert/strict";
import { Effect } from "effect";
import { BadInput } from "../../src/domain/errors.ts";
import { writeFileAtomic, writeFolderAtomic } from "../../src/files/atomic.ts";
import { onDisk } from "../../src/files/disk.ts";
import { folderTest, refusal, run } from "./fixtures.ts";

const names = (folder: string) => Array.from(Deno.readDirSync(folder), ({ name }) => name);

const put = (name: string, text: string) => (folder: string) =>
  onDisk("write", () => Deno.writeTextFile(`${folder}/${name}`, text));

folderTest("writeFileAtomic() replaces a file and leaves nothing beside it", async (folder) => {
  await run(writeFileAtomic(`${folder}/a.json`, "one"));
  await run(writeFileAtomic(`${folder}/a.json`, new TextEncoder().encode("two")));
  assert.equal(await Deno.readTextFile(`${folder}/a.json`), "two");
  assert.deepEqual(names(folder), ["a.json"]);
});

folderTest("writeFileAtomic() leaves no temporary file when it fails", async (folder) => {
  await Deno.mkdir(`${folder}/taken`);
  await refusal(writeFileAtomic(`${folder}/taken`, "text"));
  await refusal(writeFileAtomic(`${folder}/missing/a`, "text"));
  assert.deepEqual(names(folder), ["taken"]);
});

folderTest("writeFolderAtomic() replaces a folder with its files", async (folder) => {
  const path = `${folder}/step-1/`;
  await run(writeFolderAtomic(path, put("old", "1")));
  await run(writeFolderAtomic(path, put("new", "2")));
  assert.deepEqual(names(folder), ["step-1"]);
  assert.deepEqual(names(path), ["new"]);
});

folderTest("writeFolderAtomic() leaves the old folder whole when writing fails", async (folder) => {
  const path = `${folder}/latest`;
  await run(writeFolderAtomic(path, put("old", "1")));
  const halfWritten = (temporary: string) =>
    put("half", "2")(temporary).pipe(
      Effect.andThen(Effect.fail(new BadInput({ message: "Cannot go on as told: current is 1" }))),
    );
  await refusal(writeFolderAtomic(path, halfWritten));
  assert.deepEqual(names(folder), ["latest"]);
  assert.deepEqual(names(path), ["old"]);
});

folderTest("writeFolderAtomic() cleans up when it is interrupted", async (folder) => {
  const stuck = writeFolderAtomic(`${folder}/latest`, () => Effect.never);
  await run(Effect.ignore(Effect.timeout(stuck, "20 millis")));
  assert.deepEqual(names(folder), []);
});
