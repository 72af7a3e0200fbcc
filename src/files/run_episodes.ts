import { Effect, Ref } from "effect";
import type { EpisodeRecord } from "../domain/episode_record.ts";
import type { BadInput } from "../domain/errors.ts";
import { removeTemporaries, writeFileAtomic } from "./atomic.ts";
import { onDisk, pathExists } from "./disk.ts";
import { jsonLine } from "./jsonl.ts";

/** Folder of the episodes in a run's folder: one file a step. */
export const EPISODES_FOLDER = "episodes";

/** The file of a step's episodes. */
export function episodesPath(run: string, step: number): string {
  return `${run}/${EPISODES_FOLDER}/step-${step}.jsonl`;
}

/** A step whose episodes are kept. */
export interface KeptStep {
  readonly step: number;
  readonly bytes: number;
}

/** The steps of a run whose episodes are kept, in order; none where there is no such folder. */
export const listEpisodes = Effect.fn("listEpisodes")(function* (run: string) {
  const folder = `${run}/${EPISODES_FOLDER}`;
  if (!(yield* pathExists(folder))) return [];
  const steps = yield* onDisk(`read "${folder}"`, async () => {
    const found: Array<KeptStep> = [];
    for await (const { name } of Deno.readDir(folder)) {
      const step = /^step-(\d+)\.jsonl$/.exec(name)?.[1];
      if (step === undefined) continue;
      // A run that is being written may remove it meanwhile.
      const { size } = await Deno.stat(`${folder}/${name}`).catch(() => ({ size: -1 }));
      if (size >= 0) found.push({ step: Number(step), bytes: size });
    }
    return found;
  });
  return steps.toSorted((a, b) => a.step - b.step);
});

/** The episodes of a run that is under way. */
export interface RunEpisodes {
  /** Keeps the records of a step; earlier steps make room for them. */
  readonly keep: (
    step: number,
    records: ReadonlyArray<EpisodeRecord>,
  ) => Effect.Effect<void, BadInput>;
}

/** Opens the episodes of a run that goes on after a step, or begins at -1; those of later steps are removed. */
export const openEpisodes = Effect.fn("openEpisodes")(
  function* (run: string, { step, bytes }: { readonly step: number; readonly bytes: number }) {
    const folder = `${run}/${EPISODES_FOLDER}`;
    const remove = (stale: ReadonlyArray<KeptStep>) =>
      Effect.forEach(stale, ({ step }) => {
        const path = episodesPath(run, step);
        return onDisk(`remove "${path}"`, () => Deno.remove(path));
      }, { discard: true });
    yield* remove((yield* listEpisodes(run)).filter((kept) => kept.step > step));
    if (bytes > 0) {
      yield* onDisk(`write "${folder}"`, () => Deno.mkdir(folder, { recursive: true }));
      yield* removeTemporaries(folder);
    }
    const stride = yield* Ref.make(1);
    const keep: RunEpisodes["keep"] = Effect.fn("keepEpisodes")(function* (at, records) {
      yield* writeFileAtomic(episodesPath(run, at), records.map(jsonLine).join(""));
      const { stale, stride: next } = thin(yield* listEpisodes(run), {
        bytes,
        stride: yield* Ref.get(stride),
      });
      yield* Ref.set(stride, next);
      yield* remove(stale);
    });
    return { keep } satisfies RunEpisodes;
  },
);

/**
 * Which steps to remove so that the others fit: those that `stride` does not divide, the last one apart. The stride
 * doubles until they fit, so that what is kept is spread evenly over the run.
 */
function thin(
  steps: ReadonlyArray<KeptStep>,
  { bytes, stride }: { readonly bytes: number; readonly stride: number },
): { readonly stale: ReadonlyArray<KeptStep>; readonly stride: number } {
  const last = steps.at(-1);
  const isKept = (one: KeptStep) => one === last || one.step % stride === 0;
  const kept = steps.filter(isKept);
  const total = kept.reduce((sum, one) => sum + one.bytes, 0);
  return total > bytes && kept.length > 1
    ? thin(steps, { bytes, stride: 2 * stride })
    : { stale: steps.filter((one) => !isKept(one)), stride };
}
