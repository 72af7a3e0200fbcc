import type { StepReport } from "../domain/report.ts";
import { mean } from "../math/statistics.ts";

/** The metrics that alarms read: one record per step, the first step first. */
export type Health = Pick<
  StepReport,
  "turns" | "entropy" | "gain" | "gainStd" | "logProbGapMean"
>;

/** Returns one sentence on what goes wrong in a run and how to cure it, or null. */
export type Alarm = (history: ReadonlyArray<Health>) => string | null;

/** The collapse alarm compares means over this many steps. */
const FEW = 3;
/** Entropy counts as risen above this multiple of its mean over the first steps. */
const ENTROPY_RISE = 1.1;
/** Turns count as falling below this share of their best. */
const TURNS_FALL = 0.8;

/**
 * Detects collapse: the policy becomes less certain and searches less. When training works, entropy falls while turns
 * rise. If rewards carry no information, updates are noise: they destroy fragile habits until the policy answers at
 * once. The thresholds were found on recorded runs (docs/collapse.md).
 */
export const collapseAlarm: Alarm = (history) => {
  if (history.length < 2 * FEW) return null;
  const windows = (field: "turns" | "entropy") =>
    Array.from(
      { length: history.length - FEW + 1 },
      (_, at) => mean(Float64Array.from(history.slice(at, at + FEW), (one) => one[field])),
    );
  const [turns, entropy] = [windows("turns"), windows("entropy")];
  const [first, last] = [entropy[0]!, entropy.at(-1)!];
  const [most, now] = [Math.max(...turns.slice(0, -FEW)), turns.at(-1)!];
  if (last <= ENTROPY_RISE * first || now >= TURNS_FALL * most) return null;
  return `The agent is collapsing: its entropy rose from ${first.toFixed(2)} to ${
    last.toFixed(2)
  } nats a token while it searches less (${most.toFixed(2)} to ${now.toFixed(2)} turns): ` +
    `rewards that say nothing, or the wrong thing, undo what it could do; stop here, and try ` +
    `gains of probability, easier questions or a lower lr`;
};

/** Number of steps that {@link shorteningAlarm} reads; it compares their older half with their newer half. */
const WINDOW = 10;
/** The new half's mean turns must lie below this share of the old half's to count as falling. */
const FALL = 0.95;

/**
 * Detects that the policy unlearns searching: over the last ten steps the mean gain exceeds half its standard deviation
 * while turns fall. The cause is a first search that gains much whatever it finds. Later searches then gain less than
 * the pool's mean and are punished, so the policy stops after the first.
 */
export const shorteningAlarm: Alarm = (history) => {
  if (history.length < WINDOW) return null;
  const recent = history.slice(-WINDOW);
  const turns = Float64Array.from(recent, (one) => one.turns);
  const [before, after] = [mean(turns.subarray(0, WINDOW / 2)), mean(turns.subarray(WINDOW / 2))];
  const gain = mean(Float64Array.from(recent, (one) => one.gain ?? 0));
  const spread = mean(Float64Array.from(recent, (one) => one.gainStd ?? 0));
  if (gain <= spread / 2 || after >= FALL * before) return null;
  return `Episodes are getting shorter (${before.toFixed(2)} to ${
    after.toFixed(2)
  } turns) while the ` +
    `mean gain ${gain.toFixed(2)} exceeds half its spread ${
      spread.toFixed(2)
    }: later searches are ` +
    `punished for gaining less than the first; a log-prob floor or gains of probability cure it`;
};

/** Largest mean distance between the log-probs of what samples and of what is trained, nats a token. */
export const SERVER_GAP = 0.1;

/** Detects that episodes are sampled by another policy than the one that is trained, as a server may come to do. */
export const gapAlarm: Alarm = (history) => {
  const gap = history.at(-1)?.logProbGapMean ?? 0;
  if (gap <= SERVER_GAP) return null;
  return `What samples is not what is trained: their log-probs differ by ${gap.toPrecision(3)} ` +
    `nats a token, ${SERVER_GAP} at most: look for other weights, old adapters or weights of few ` +
    `bits on the server of --policy or a worker of --mixed`;
};

/** Every alarm by its name. */
export const ALARMS: Readonly<Record<string, Alarm>> = {
  collapse: collapseAlarm,
  shortening: shorteningAlarm,
  gap: gapAlarm,
};
