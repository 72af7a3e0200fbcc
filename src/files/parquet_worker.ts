// Answers a path with the number of groups of that Parquet file, then each number of a group with its rows.
import { parentPort } from "node:worker_threads";
import { fill } from "./file_bytes.ts";
import { openParquetGroups, type ParquetGroups, ParquetRefused } from "./parquet_groups.ts";
import type { ParquetAnswer, ParquetQuestion } from "./parquet.ts";

let groups: ParquetGroups | null = null;

async function open(path: string): Promise<ParquetGroups> {
  const { size } = await Deno.stat(path);
  return await openParquetGroups({
    byteLength: size,
    slice: async (offset, end = size) => {
      // Slices are read at the same time, each from a place of its own.
      using opened = await Deno.open(path);
      const bytes = new Uint8Array(end - offset);
      await fill(opened, bytes, offset);
      return bytes.buffer;
    },
  });
}

async function answer(question: ParquetQuestion): Promise<ParquetAnswer> {
  try {
    if (typeof question === "number") {
      return { before: groups!.before[question]!, rows: await groups!.read(question) };
    }
    groups = await open(question.path);
    return { groups: groups.count };
  } catch (error) {
    return { refusal: error instanceof ParquetRefused ? error.message : null };
  }
}

// The decoder leaves some columns alone when another one fails.
addEventListener("unhandledrejection", (event) => event.preventDefault());
parentPort!.on("message", async (question: ParquetQuestion) => {
  parentPort!.postMessage(await answer(question));
});
parentPort!.postMessage("ready");
