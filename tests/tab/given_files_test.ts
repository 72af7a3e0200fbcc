import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { Effect, Stream } from "effect";
import { writeCheckpoint } from "../../src/files/checkpoint_dir.ts";
import { rowsOfLines } from "../../src/files/lines.ts";
import { parametersOf } from "../../src/model/parameters.ts";
import { readModel } from "../../src/pipeline/read_model.ts";
import { type GivenFile, givenFile, givenFolder } from "../../src/tab/given_files.ts";
import { inFolder, TINY, tinyModel, tinyModelWeights } from "../support/tiny_run.ts";

const given = (path: string, ...parts: ReadonlyArray<BlobPart>): GivenFile => ({
  path,
  file: new File([...parts], path.split("/").at(-1)!),
});

const refusal = (effect: Effect.Effect<unknown, Error>) =>
  Effect.runPromise(Effect.map(Effect.flip(effect), ({ message }) => message));

Deno.test("givenFile() gives text, ranges and lines of a file", async () => {
  const file = givenFile(given("a.jsonl", "\ufeff1\n22\n"));
  strictEqual(await Effect.runPromise(file.text()), "1\n22\n");
  const range = await Effect.runPromise(file.range({ offset: 5, length: 2 }));
  strictEqual(new TextDecoder().decode(range), "22");
  const rows = await Effect.runPromise(
    Stream.runCollect(Stream.flattenIterable(rowsOfLines(file))),
  );
  deepStrictEqual(rows.map((row) => row._tag === "Success" && row.success.value), [1, 22]);
});

Deno.test("givenFile() refuses a large text by its size alone, other bytes, and a range beyond its end", async () => {
  const file = givenFile(given("a.json", new Uint8Array([0xff, 0xfe])));
  const unread = new File(["12"], "b.json");
  unread.arrayBuffer = () => Promise.reject(new Error("it was read"));
  match(
    await refusal(givenFile({ path: "b.json", file: unread }).text("logs", 1)),
    /^Cannot read logs as it must have at most 1 bytes: it has more$/,
  );
  match(await refusal(file.text()), /^Cannot read "a\.json" as it must be UTF-8 text/);
  match(
    await refusal(file.range({ offset: 1, length: 2 })),
    /2 bytes from 1 on: current value is 1$/,
  );
});

Deno.test("givenFolder() holds a model in shards, and says what is missing", () =>
  inFolder(async (folder) => {
    const tensors = parametersOf(TINY).map(({ name, shape }) => ({
      ...{ name, shape },
      values: tinyModelWeights.get(name)!,
    }));
    const { config, tokenizerFiles: files } = tinyModel;
    const content = { config, tensors, dtype: "F32", files } as const;
    await Effect.runPromise(writeCheckpoint(`${folder}/m`, content, 4096));
    const names = await Array.fromAsync(Deno.readDir(`${folder}/m`), ({ name }) => name);
    ok(!names.includes("model.safetensors"));
    const all = await Promise.all(
      names.map(async (name) => given(`m/${name}`, await Deno.readFile(`${folder}/m/${name}`))),
    );
    const model = await Effect.runPromise(readModel(givenFolder(all)));
    for (const { name, values } of tensors) {
      const read = model.weights.read(name, 0, values.length);
      deepStrictEqual(await Effect.runPromise(read), values);
    }
    const some = all.filter(({ path }) => path !== "m/tokenizer.json");
    strictEqual(
      await refusal(readModel(givenFolder(some))),
      'Cannot read "m/tokenizer.json": there is no such file',
    );
  }));
