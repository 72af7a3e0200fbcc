import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { pathToFileURL } from "node:url";
import { ICD, readLibraries, writeManifest } from "../../src/files/driver_folder.ts";
import { inFolder } from "../support/tiny_run.ts";

Deno.test("readLibraries() gives libraries in order, and none once the content of a file has changed", () =>
  inFolder(async (path) => {
    const folder = pathToFileURL(`${path}/`);
    const names = ["libb.so", "liba.so.1", ICD];
    for (const name of names) await Deno.writeTextFile(`${path}/${name}`, name);
    strictEqual(readLibraries(folder), null);
    writeManifest(names, folder);
    deepStrictEqual(readLibraries(folder), ["libb.so", "liba.so.1"]);
    // As after a copy: the system says that all files have changed since.
    const manifest = `${path}/files.json`;
    const files: ReadonlyArray<object> = JSON.parse(await Deno.readTextFile(manifest));
    const older = files.map((file) => ({ ...file, changedMillis: 0 }));
    await Deno.writeTextFile(manifest, JSON.stringify(older));
    deepStrictEqual(readLibraries(folder), ["libb.so", "liba.so.1"]);
    await Deno.writeTextFile(`${path}/libb.so`, "libc.so");
    strictEqual(readLibraries(folder), null);
    await Deno.writeTextFile(`${path}/libb.so`, "libb.so");
    deepStrictEqual(readLibraries(folder), ["libb.so", "liba.so.1"]);
    await Deno.truncate(`${path}/liba.so.1`, 3);
    strictEqual(readLibraries(folder), null);
    await Deno.writeTextFile(`${path}/files.json`, "[{");
    strictEqual(readLibraries(folder), null);
  }));
