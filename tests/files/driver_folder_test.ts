import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { pathToFileURL } from "node:url";
import { ICD, readLibraries, writeManifest } from "../../src/files/driver_folder.ts";
import { inFolder } from "../support/tiny_run.ts";

Deno.test("readLibraries() gives libraries in order, and none once a file has changed", () =>
  inFolder(async (path) => {
    const folder = pathToFileURL(`${path}/`);
    const names = ["libb.so", "liba.so.1", ICD];
    for (const name of names) await Deno.writeTextFile(`${path}/${name}`, name);
    strictEqual(readLibraries(folder), null);
    writeManifest(names, folder);
    deepStrictEqual(readLibraries(folder), ["libb.so", "liba.so.1"]);
    await Deno.utime(`${path}/libb.so`, 0, 0);
    strictEqual(readLibraries(folder), null);
    writeManifest(names, folder);
    await Deno.truncate(`${path}/liba.so.1`, 3);
    strictEqual(readLibraries(folder), null);
    await Deno.writeTextFile(`${path}/files.json`, "[{");
    strictEqual(readLibraries(folder), null);
  }));
