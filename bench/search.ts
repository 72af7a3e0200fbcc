// deno-lint-ignore-file no-console
/**
 * Times the index on disk: how long a million passages take to index, how large the file is, and how long five-term
 * queries take. The passages are those of a corpus again and again, their words in another order each time.
 *
 * @module
 */
import { Effect, Stream } from "effect";
import { parsePassage } from "../src/files/corpus.ts";
import { streamRows } from "../src/files/row_stream.ts";
import { createRandom } from "../src/math/random.ts";
import { quantile } from "../src/math/statistics.ts";
import { keyFromSeed } from "../src/math/threefry.ts";
import { openIndex, writeIndex } from "../src/search/index_file.ts";

const [corpus, count = "1000000"] = Deno.args;
if (corpus === undefined) {
  console.error("Cannot index without a corpus: ./igpo bench:search CORPUS [PASSAGES]");
  Deno.exit(2);
}
const folder = await Deno.makeTempDir();
const [large, index] = [`${folder}/corpus.jsonl`, `${folder}/index`];
const QUERIES = 500;

const rows = await Effect.runPromise(Stream.runCollect(streamRows(corpus)));
const passages = await Effect.runPromise(
  Effect.forEach(rows, (row) => Effect.fromResult(parsePassage(row, corpus))),
);
const random = createRandom(keyFromSeed(0));
{
  using file = await Deno.open(large, { write: true, create: true });
  const writer = file.writable.getWriter();
  const encoder = new TextEncoder();
  for (let n = 0; n < Number(count); n++) {
    const { title, text } = passages[n % passages.length]!;
    const line = { id: n, title, text: random.shuffle(text.split(" ")).join(" ") };
    await writer.write(encoder.encode(`${JSON.stringify(line)}\n`));
  }
  writer.releaseLock();
}
const megabytes = async (path: string) => Math.round((await Deno.stat(path)).size / 1e6);
console.log(`${count} passages of ${corpus}: ${await megabytes(large)} MB of JSON lines`);

const started = performance.now();
await Effect.runPromise(writeIndex(large, index));
const seconds = Math.round((performance.now() - started) / 1000);
console.log(`indexed in ${seconds} s, ${await megabytes(index)} MB`);

const times = await Effect.runPromise(Effect.scoped(Effect.gen(function* () {
  const { search } = yield* openIndex(index);
  const millis: number[] = [];
  for (let i = 0; i < QUERIES; i++) {
    // Five words of a passage, so that some are frequent and some are rare.
    const words = random.pick(passages).text.split(" ").filter((word) => word.length > 3);
    const query = Array.from({ length: 5 }, () => random.pick(words)).join(" ");
    const begun = performance.now();
    yield* search([query], 5);
    millis.push(performance.now() - begun);
  }
  return Float64Array.from(millis);
})));
const [median, worst] = [quantile(times, 0.5), quantile(times, 0.99)].map((ms) => ms.toFixed(1));
console.log(`${QUERIES} queries of five terms: median ${median} ms, 99th percentile ${worst} ms`);
await Deno.remove(folder, { recursive: true });
