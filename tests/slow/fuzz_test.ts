/**
 * The mutations of tests/fuzz, a hundred thousand a reader, with a bound on memory. FUZZ_RUNS sets their number and
 * FUZZ_FROM the first one, so that several runs see different ones. FUZZ_KEEP names a folder for what is found.
 */
import { declareFuzz } from "../fuzz/fuzz.ts";

declareFuzz({
  runs: Number(Deno.env.get("FUZZ_RUNS") ?? 100_000),
  from: Number(Deno.env.get("FUZZ_FROM") ?? 1000),
  mostBytes: 512 << 20,
  keep: Deno.env.get("FUZZ_KEEP"),
  print: (line) => void Deno.stdout.writeSync(new TextEncoder().encode(line)),
});
