/// <reference lib="dom" />
/** What training has come to, in the browser's own files, so that it survives its tab and its device. */
import type { StepReport } from "../domain/report.ts";
import type { Parameter } from "../model/parameters.ts";
import type { LearnerState } from "../policy/policy.ts";

/** A training with some steps done. */
export interface SavedRun {
  /** One report a step, in order. */
  readonly reports: ReadonlyArray<StepReport>;
  readonly learner: LearnerState;
}

/** The first part of a file, as JSON: the numbers of all tensors follow, weights and both moments of each. */
interface Head {
  readonly reports: ReadonlyArray<StepReport>;
  readonly updates: number;
  readonly tensors: ReadonlyArray<readonly [name: string, length: number]>;
}

/** Writes a run over the one of its name, whole or not at all; false where the browser keeps no files for this page. */
export async function saveRun(name: string, { reports, learner }: SavedRun): Promise<boolean> {
  const { updates, weights, moments } = learner;
  const tensors = Array.from(weights, ([name, values]) => [name, values.length] as const);
  const head = new TextEncoder().encode(
    JSON.stringify({ reports, updates, tensors } satisfies Head),
  );
  const arrays = tensors.flatMap(([name]) => {
    const { m, v } = moments.get(name)!;
    return [weights.get(name)!, m, v];
  });
  const parts = [Uint32Array.of(head.length), head, ...arrays].map((part) => part.slice());
  try {
    const folder = await navigator.storage.getDirectory();
    const file = await folder.getFileHandle(fileOf(name), { create: true });
    // What is written takes the file's place when it is closed.
    const target = await file.createWritable();
    await target.write(new Blob(parts));
    await target.close();
    return true;
  } catch {
    return false;
  }
}

/** The run of a name; null where there is none, or none of a model with these parameters. */
export async function loadRun(
  name: string,
  parameters: ReadonlyArray<Parameter>,
): Promise<SavedRun | null> {
  try {
    const folder = await navigator.storage.getDirectory();
    const file = await (await folder.getFileHandle(fileOf(name))).getFile();
    const run = parseRun(await file.arrayBuffer());
    const { weights } = run.learner;
    const isOurs = parameters.every(({ name, rows, cols }) =>
      weights.get(name)?.length === rows * cols
    );
    return isOurs ? run : null;
  } catch {
    return null;
  }
}

/** Removes the run of a name, if there is one. */
export async function removeRun(name: string): Promise<void> {
  try {
    await (await navigator.storage.getDirectory()).removeEntry(fileOf(name));
  } catch {
    // There is none.
  }
}

const fileOf = (name: string) => `${name}.run`;

/** Reads what {@link saveRun} wrote. */
function parseRun(buffer: ArrayBuffer): SavedRun {
  const [length] = new Uint32Array(buffer, 0, 1);
  const start = Uint32Array.BYTES_PER_ELEMENT;
  const text = new TextDecoder().decode(new Uint8Array(buffer, start, length));
  // Only this page writes such files, and a file is never half-written.
  const { reports, updates, tensors } = JSON.parse(text) as Head;
  const numbers = new Float32Array(buffer.slice(start + length!));
  let at = 0;
  const take = (length: number) => numbers.slice(at, at += length);
  const weights = new Map<string, Float32Array>();
  const moments = new Map<string, { readonly m: Float32Array; readonly v: Float32Array }>();
  for (const [name, length] of tensors) {
    weights.set(name, take(length));
    moments.set(name, { m: take(length), v: take(length) });
  }
  return { reports, learner: { updates, weights, moments } };
}
