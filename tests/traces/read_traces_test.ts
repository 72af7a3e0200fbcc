import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { deflateRawSync } from "node:zlib";
import { Effect, Result, Stream } from "effect";
import type { Imported } from "../../src/traces/import_document.ts";
import { streamTraces } from "../../src/traces/read_traces.ts";
import { inFolder } from "../support/tiny_run.ts";
import { QUESTION } from "./sample_run.ts";
import { SAMPLES } from "./samples.ts";

const row = JSON.stringify(SAMPLES.find(({ format }) => format === "plain")!.document);

const read = (path: string) => Effect.runPromise(streamTraces(path).pipe(Stream.runCollect));

const told = (one: Imported) =>
  Result.isSuccess(one) ? one.success.source : `${one.failure.source}: ${one.failure.reason}`;

/** One file of a zip file as its bytes and as its entry in the directory. */
function packed(name: string, text: string, offset: number) {
  const content = new TextEncoder().encode(text);
  const body = deflateRawSync(content);
  const letters = new TextEncoder().encode(name);
  const local = numbers([0x04034b50, 20, 0, 8, 0, 0, 0, body.length, content.length], [
    ...[4, 2, 2, 2, 2, 2, 4, 4, 4],
  ]);
  const header = join(local, numbers([letters.length, 0], [2, 2]), letters);
  const entry = join(
    numbers([0x02014b50, 20, 20, 0, 8, 0, 0, 0, body.length, content.length], [
      ...[4, 2, 2, 2, 2, 2, 2, 4, 4, 4],
    ]),
    numbers([letters.length, 0, 0, 0, 0, 0, offset], [2, 2, 2, 2, 2, 4, 4]),
    letters,
  );
  return { bytes: join(header, body), entry };
}

function numbers(values: ReadonlyArray<number>, sizes: ReadonlyArray<number>): Uint8Array {
  return Uint8Array.from(
    values.flatMap((value, i) => Array.from({ length: sizes[i]! }, (_, at) => value >> 8 * at)),
  );
}

function join(...parts: ReadonlyArray<Uint8Array>): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

/** A zip file of these texts by name. */
function zip(files: Readonly<Record<string, string>>): Uint8Array {
  let bytes: Uint8Array = new Uint8Array();
  const entries = Object.entries(files).map(([name, text]) => {
    const file = packed(name, text, bytes.length);
    bytes = join(bytes, file.bytes);
    return file.entry;
  });
  const directory = join(...entries);
  const count = entries.length;
  const end = [0x06054b50, 0, 0, count, count, directory.length, bytes.length, 0];
  return join(bytes, directory, numbers(end, [4, 2, 2, 2, 2, 4, 4, 2]));
}

Deno.test("streamTraces() reads the files of a folder in order, and what is none is refused", () =>
  inFolder(async (folder) => {
    await Deno.mkdir(`${folder}/deep`);
    await Deno.writeTextFile(`${folder}/b.jsonl`, `${row}\n\n{"question":\n${row}\n`);
    await Deno.writeTextFile(`${folder}/deep/a.json`, `[${row}, ${row}]`);
    await Deno.writeTextFile(`${folder}/c.json`, "{");
    await Deno.writeTextFile(`${folder}/notes.txt`, "no trace");
    const found = (await read(folder)).map(told);
    deepStrictEqual(found.filter((line) => !line.includes(" ")), [
      ...["b.jsonl#0", "b.jsonl#3", "deep/a.json#0", "deep/a.json#1"],
    ]);
    const refused = found.filter((line) => line.includes(" "));
    match(refused[0]!, /^b\.jsonl: Cannot read ".*b\.jsonl" as in row 3 it must be JSON/);
    match(refused[1]!, /^c\.json: Cannot read ".*c\.json" as it must be JSON: /);
    strictEqual(refused.length, 2);
  }));

Deno.test("streamTraces() reads the samples of an .eval file", () =>
  inFolder(async (folder) => {
    const log = SAMPLES.find(({ format }) => format === "inspect")!.document as {
      readonly samples: ReadonlyArray<unknown>; // a log as the sample writes it
    };
    await Deno.writeFile(
      `${folder}/log.eval`,
      zip({ "header.json": "{}", "samples/1_epoch_1.json": JSON.stringify(log.samples[0]) }),
    );
    const [found, ...others] = await read(`${folder}/log.eval`);
    ok(Result.isSuccess(found!));
    strictEqual(found.success.source, "log.eval!samples/1_epoch_1.json");
    strictEqual(found.success.question, QUESTION);
    deepStrictEqual(others, []);
  }));

Deno.test("streamTraces() refuses an .eval file that is cut short, in one sentence", () =>
  inFolder(async (folder) => {
    const whole = zip({ "samples/1.json": "{}" });
    await Deno.writeFile(`${folder}/cut.eval`, whole.subarray(0, whole.length - 30));
    deepStrictEqual((await read(`${folder}/cut.eval`)).map(told), [
      `cut.eval: Cannot read "${folder}/cut.eval" as a zip file: ` +
      "it must end with a directory of its files",
    ]);
  }));

Deno.test("streamTraces() fails for a path where nothing is", async () => {
  const failed = await Effect.runPromise(Effect.flip(streamTraces("none").pipe(Stream.runDrain)));
  strictEqual(failed.message, 'Cannot read "none": there is no such file');
});
