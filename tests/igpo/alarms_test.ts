import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { collapseAlarm, gapAlarm, type Health, shorteningAlarm } from "../../src/igpo/alarms.ts";
import recorded from "./recorded_runs.json" with { type: "json" };

function history(turnsOf: (step: number) => number, gain: number): Array<Health> {
  const steady = { entropy: 0.3, gain, gainStd: 2, logProbGapMean: 0 };
  return Array.from({ length: 10 }, (_, step) => ({ ...steady, turns: turnsOf(step) }));
}

Deno.test("shorteningAlarm() speaks when gains are high and turns fall, else not", () => {
  match(shorteningAlarm(history((step) => 3 - step * 0.1, 1.5))!, /getting shorter/);
  deepStrictEqual(
    [
      shorteningAlarm(history((step) => 3 + step * 0.1, 1.5)),
      shorteningAlarm(history((step) => 3 - step * 0.1, 0.5)),
      shorteningAlarm(history((step) => 3 - step * 0.1, 1.5).slice(1)),
    ],
    [null, null, null],
  );
});

const wandering = (entropyOf: (step: number) => number, turnsOf: (step: number) => number) =>
  Array.from({ length: 8 }, (_, step): Health => ({
    entropy: entropyOf(step),
    turns: turnsOf(step),
    gain: null,
    gainStd: null,
    logProbGapMean: 0,
  }));

Deno.test("collapseAlarm() speaks when entropy rises while turns fall, not for one alone", () => {
  const rise = (step: number) => 0.3 + 0.02 * step;
  const fall = (step: number) => 3 - 0.2 * step;
  match(collapseAlarm(wandering(rise, fall))!, /collapsing: its entropy rose from 0.32 to 0.42/);
  strictEqual(collapseAlarm(wandering(rise, () => 3)), null);
  strictEqual(collapseAlarm(wandering(() => 0.3, fall)), null);
  strictEqual(collapseAlarm(wandering(rise, fall).slice(0, 5)), null);
});

Deno.test("gapAlarm() speaks when what samples is another policy than what is trained", () => {
  const gaps = (...all: ReadonlyArray<number>) =>
    all.map((logProbGapMean): Health => ({
      turns: 1,
      entropy: 1,
      gain: null,
      gainStd: null,
      logProbGapMean,
    }));
  strictEqual(gapAlarm(gaps(0.5, 0.09)), null);
  match(gapAlarm(gaps(0, 0.25))!, /differ by 0.250 nats a token, 0.1 at most/);
});

/** The first step after which the alarm was raised in a recorded run. */
function alarmStep({ turns, entropy }: (typeof recorded)[number]): number | null {
  const all = turns.map((mean, i): Health => ({
    turns: mean,
    entropy: entropy[i]!,
    gain: null,
    gainStd: null,
    logProbGapMean: 0,
  }));
  const at = all.findIndex((_, i) => collapseAlarm(all.slice(0, i + 1)) !== null);
  return at === -1 ? null : at + 1;
}

const collapsed = recorded.filter(({ end, start }) => end < start);
const healthy = recorded.filter(({ end, start }) => end >= start);

Deno.test("collapseAlarm() is raised in every recorded collapse before F1 is found to be halved", () => {
  ok(collapsed.length >= 13);
  for (const run of collapsed) {
    const step = alarmStep(run);
    ok(step !== null, run.name);
    // Evaluations are ten steps apart, so the first that shows F1 halved may be up to nine steps late.
    if (run.halvedAt !== null) ok(step <= run.halvedAt + 3, `${run.name}: ${step}`);
  }
});

Deno.test("collapseAlarm() is false in two recorded healthy runs, which were close to collapse", () => {
  ok(healthy.length >= 15);
  const alarms = healthy.filter((run) => alarmStep(run) !== null).map(({ name }) => name);
  deepStrictEqual(alarms, ["sparse-v2-floor4-seed0, first world", "sparse-igpo-high-water-seed1"]);
});
