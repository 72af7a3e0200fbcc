// deno-lint-ignore-file no-console
/** Times one work of a card beside PyTorch, in a process of its own, and prints it as JSON: `card_work.ts MODEL WORK`. */
import { CARD_WORKS, shapeNumbers, type WorkResult } from "./card_works.ts";
import { disagreement, theirTime } from "./comparison.ts";
import { compareTimes, middle, type Timed, timed } from "./measure.ts";
import { openBenchDevice } from "./ours.ts";
import { openPyTorch } from "./rival.ts";

const [model, name] = Deno.args;
const work = CARD_WORKS.find((one) => one.name === name)!;
const shape = work.shapeOf(shapeNumbers(model!));
const device = await openBenchDevice();
const prepared = await work.prepare(device, shape);

/** Our time alone. */
async function alone(ours: Timed): Promise<number> {
  await ours(1);
  return await middle(3, () => ours(1));
}

async function measure(): Promise<WorkResult> {
  const ours = timed(prepared.run);
  const bytes = prepared.bytes ?? null;
  const tokens = work.tokensOf(shape);
  const common = { adapter: device.adapter.name, bytes, tokens };
  const other = await openPyTorch(navigator.hardwareConcurrency);
  const without = async (note: string) => ({
    ...common,
    note,
    ours: await alone(ours),
    theirs: null,
  });
  if (other === null) return await without("no PyTorch");
  try {
    const trouble = await disagreement({ ...work, shapes: [shape] }, [prepared], other);
    if (trouble !== null) return await without(trouble);
    const { ours: mine, theirs: millis, ratio } = await compareTimes([
      { ours, theirs: theirTime(work, shape, other) },
    ]);
    const { values } = await other.ask({ work: "peak", shape: [], repeat: 0 });
    const theirs = { millis, ratio, bytes: values?.[0] ?? null };
    return { ...common, note: "", ours: mine, theirs };
  } finally {
    await other.close();
  }
}

console.log(JSON.stringify(await measure()));
Deno.exit(0);
