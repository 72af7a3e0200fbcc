import { deepStrictEqual, match } from "node:assert/strict";
import { Stream } from "effect";
import { streamRows } from "../../src/files/row_stream.ts";
import { type ParquetColumn, parquetFile, stringColumn } from "../support/parquet_file.ts";
import { folderTest, refusal, run } from "./fixtures.ts";

const questions = stringColumn("question", ["Who?", "Where?"]);
const answers = stringColumn("answer", ["Ada", "here"]);

async function written(folder: string, rows: number, columns: ReadonlyArray<ParquetColumn>) {
  const path = `${folder}/rows.parquet`;
  await Deno.writeFile(path, parquetFile(rows, columns));
  return path;
}
const refused = async (folder: string, rows: number, ...columns: ReadonlyArray<ParquetColumn>) =>
  await refusal(Stream.runCollect(streamRows(await written(folder, rows, columns))));

folderTest("streamRows() reads Parquet, with check sums and without", async (folder) => {
  for (const crc of [undefined, null]) {
    const column = crc === undefined ? questions : { ...questions, crc };
    const path = await written(folder, 2, [column, answers]);
    deepStrictEqual(await run(Stream.runCollect(streamRows(path))), [
      { row: 1, value: { question: "Who?", answer: "Ada" } },
      { row: 2, value: { question: "Where?", answer: "here" } },
    ]);
  }
});

folderTest("streamRows() refuses a page whose check sum is another", async (folder) => {
  match(
    await refused(folder, 2, { ...questions, crc: 1 }),
    /as its check sum says: one is damaged$/,
  );
  const bytes = parquetFile(2, [questions, answers]);
  const at = new TextDecoder("latin1").decode(bytes).indexOf("Ada");
  await Deno.writeFile(`${folder}/rows.parquet`, bytes.with(at, 0x61));
  match(
    await refusal(Stream.runCollect(streamRows(`${folder}/rows.parquet`))),
    /as its check sum says/,
  );
});

folderTest(
  "streamRows() refuses groups that say they are larger than they may be",
  async (folder) => {
    const many = 20_000_000;
    match(
      await refused(folder, many, { ...questions, values: many }),
      /as the rows of a group must be from 0 to 1048576: current value is 20000000$/,
    );
    match(
      await refused(folder, 2, { ...questions, values: many }),
      /as the values of a page must be from 0 to 16777216: current value is 20000000$/,
    );
    match(
      await refused(folder, 2, { ...questions, unpacked: 300_000_000 }),
      /as the unpacked bytes of a page must be from 0 to 268435456: current value is 300000000$/,
    );
    match(
      await refused(folder, 2, { ...questions, unpacked: -1 }),
      /as the unpacked bytes of a page must be from 0 to 268435456: current value is -1$/,
    );
  },
);

folderTest("streamRows() ends a page that asks for endless memory", async (folder) => {
  // One run of 2^30 definition levels, where the page has 2 values.
  const page = Uint8Array.of(6, 0, 0, 0, 0x80, 0x80, 0x80, 0x80, 0x08, 1);
  match(
    await refused(folder, 2, { name: "question", values: 2, isOptional: true, page }),
    /within their bounds of time and memory|must be a whole Parquet file/,
  );
});

folderTest("streamRows() refuses what is no Parquet file", async (folder) => {
  const path = `${folder}/rows.parquet`;
  for (
    const bytes of [new Uint8Array(0), new TextEncoder().encode("PAR1PAR1"), new Uint8Array(99)]
  ) {
    await Deno.writeFile(path, bytes);
    match(
      await refusal(Stream.runCollect(streamRows(path))),
      /as it must be a whole Parquet file: it is damaged or none$/,
    );
  }
});
