import { Effect } from "effect";
import { isRecord } from "../domain/decode.ts";
import { BadInput } from "../domain/errors.ts";
import { pathExists } from "../files/disk.ts";
import { readUncutJsonl } from "../files/jsonl.ts";
import { CONFIG_FILE } from "../files/run_folder.ts";
import type { Screen } from "../files/screen.ts";
import type { CheckpointState } from "../pipeline/checkpoint.ts";
import { METRICS_FILE } from "../report/metrics.ts";

/**
 * Fails unless a run's folder is the one that its checkpoint was written in: of the same seed, and with the line of
 * each step up to the checkpoint, in order. Lines of later steps are not looked at.
 */
export const checkRecord = Effect.fn("checkRecord")(
  function* (folder: string, checkpoint: CheckpointState, seed: number) {
    const cannot = (file: string, rule: string) =>
      new BadInput({ message: `Cannot resume "${folder}" as ${file} must ${rule}` });
    if (seed !== checkpoint.seed) {
      const rule = `have the seed of the checkpoint, ${checkpoint.seed}: it has ${seed}`;
      return yield* cannot(CONFIG_FILE, rule);
    }
    const { step: last, updates } = checkpoint;
    const lines = (yield* linesOf(folder)).filter(({ step }) => Number(step) <= last);
    const steps = lines.filter(({ type }) => type === "step");
    const wrong = Array.from({ length: last + 1 }, (_, i) => steps[i]?.["step"])
      .findIndex((step, i) => step !== (i < last ? i + 1 : undefined));
    if (wrong >= 0) {
      const found = steps[wrong]?.["step"] ?? "none";
      const rule = `hold the steps 1 to ${last} once each, in order`;
      return yield* cannot(METRICS_FILE, `${rule}: after step ${wrong} comes ${found}`);
    }
    const said = steps.at(-1)?.["updates"] ?? 0;
    if (said !== updates) {
      const rule = `say the checkpoint's updates, ${updates}, of step ${last}: it says ${said}`;
      return yield* cannot(METRICS_FILE, rule);
    }
    const isFirst = ({ type, step, split }: Line) =>
      type === "evaluation" && step === 0 && split === "test";
    if (!lines.some(isFirst)) {
      const rule = "hold the evaluation before the first step: there is none";
      return yield* cannot(METRICS_FILE, rule);
    }
  },
);

type Line = Readonly<Record<string, unknown>>;

const linesOf = Effect.fnUntraced(function* (folder: string) {
  const path = `${folder}/${METRICS_FILE}`;
  if (!(yield* pathExists(path))) return [];
  return (yield* readUncutJsonl(path)).map(({ value }) => value).filter(isRecord);
});

/** Says with which command a stopped program goes on, if its folder holds something to go on with. */
export const adviseToResume = Effect.fnUntraced(
  function* (folder: string, command: string, screen: Screen) {
    if (yield* pathExists(`${folder}/${CONFIG_FILE}`)) {
      yield* screen.print(`Go on with: ${command}`);
    }
  },
);
