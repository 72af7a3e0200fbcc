/** The tables of `./igpo check-reward`. */
import type {
  CountedShare,
  HackResult,
  LawResult,
  RewardCheck,
  TrainedStep,
} from "../domain/reward_check.ts";
import { mean } from "../math/statistics.ts";
import { type Style, wrap } from "./style.ts";

const [NAME_WIDTH, SHARE_WIDTH] = [22, 26];

/** Which laws hold, which hacks are paid for, and by which presets. */
export function rewardCheckTable(check: RewardCheck, style: Style): string {
  const { laws, hacks, notTried, ended } = check;
  const found = hacks.filter(({ paid, missed }) => paid.count + missed.count > 0);
  return [
    style.bold("law".padEnd(NAME_WIDTH) + "verdict".padEnd(10) + "what it says"),
    ...laws.flatMap((law) => lawLines(law, style)),
    ...(hacks.length === 0 ? [] : [
      "",
      style.bold(
        "hack".padEnd(NAME_WIDTH) + "paid for".padEnd(SHARE_WIDTH) + "honest control not paid",
      ),
      ...hacks.map((hack) => hackLine(hack, style)),
    ]),
    ...notTriedLines(notTried),
    ...found.flatMap((hack) => ["", ...foundLines(hack, style)]),
    ...(ended === null ? [] : ["", `Nothing more was tried, as there was no number: ${ended}`]),
  ].join("\n");
}

function lawLines({ law, says, verdict, counterexample }: LawResult, style: Style) {
  const word = verdict.padEnd(10);
  const coloured = verdict === "broken"
    ? style.bad(word)
    : verdict === "kept"
    ? style.good(word)
    : word;
  const line = law.padEnd(NAME_WIDTH) + coloured + says;
  return counterexample === null ? [line] : [line, ...indented(counterexample)];
}

function hackLine({ hack, paid, missed }: HackResult, style: Style): string {
  const share = (counted: CountedShare) => {
    const text = shareText(counted).padEnd(SHARE_WIDTH);
    return counted.count > 0 ? style.bad(text) : text;
  };
  return (hack.padEnd(NAME_WIDTH) + share(paid) + share(missed)).trimEnd();
}

/** `3/100 [1.0, 8.5] %`. */
function shareText({ count, cases, interval: [low, high] }: CountedShare): string {
  const [from, to] = [low, high].map((end) => (100 * end).toFixed(1));
  return `${count}/${cases} [${from}, ${to}] %`;
}

function notTriedLines(notTried: ReadonlyArray<string>): ReadonlyArray<string> {
  if (notTried.length === 0) return [];
  return ["", ...wrap(`Not tried, as an answer cannot carry them: ${notTried.join(", ")}`, 80)];
}

function foundLines(
  { hack, says, control, paidExample, missedExample, ...rest }: HackResult,
  style: Style,
) {
  return [
    style.bold(hack),
    ...indented(says),
    ...(paidExample === null ? [] : [...indented(paidExample), ...presetLines(rest.advantages)]),
    ...(missedExample === null ? [] : [
      ...indented(`Its control is not paid: ${control}`),
      ...indented(missedExample),
    ]),
  ];
}

/** Advantages that are no more than rounding. */
const NO_ADVANTAGE = 1e-9;

function presetLines(advantages: HackResult["advantages"]): ReadonlyArray<string> {
  const all = Object.keys(advantages);
  const line = (where: string, setting: "noneRight" | "oneRight") => {
    const [paying, others] = [true, false].map((pays) =>
      all.filter((name) => advantages[name]![setting] > NO_ADVANTAGE === pays)
    );
    return indented(`${where} its advantage is positive under ${someOf(paying!, others!)}`);
  };
  return [
    ...line("Where no other rollout is right,", "noneRight"),
    ...line("Where one of eight is right,", "oneRight"),
  ];
}

/** `all 22 presets`, `all 22 presets but grpo`, `2 of 22 presets: grpo, rloo`. */
function someOf(some: ReadonlyArray<string>, others: ReadonlyArray<string>): string {
  const count = some.length + others.length;
  if (others.length === 0) return `all ${count} presets`;
  if (some.length > others.length) return `all ${count} presets but ${others.join(", ")}`;
  return `${some.length} of ${count} presets${some.length === 0 ? "" : `: ${some.join(", ")}`}`;
}

function indented(text: string): ReadonlyArray<string> {
  return wrap(text, 76).map((line) => `    ${line}`);
}

/** What it comes to, in one sentence. */
export function rewardVerdict({ findings, hacks }: RewardCheck): string {
  return findings.length === 0
    ? `No exploit in this catalogue of ${hacks.length} hacks, and no broken law; there may be others`
    : `${findings.length} found: ${findings.join(", ")}`;
}

/** `step  3/20  reward 0.41  F1 0.22  answered 97 %  early stop 62 %`: marks that no answer bears are left out. */
export function trainedLine(
  { step, reward, f1, answered, marks }: TrainedStep,
  steps: number,
): string {
  const shown = Object.entries(marks).filter(([, share]) => share > 0)
    .map(([hack, share]) => `${hack} ${percent(share)}`);
  const place = `step ${String(step).padStart(String(steps).length)}/${steps}`;
  const means = `reward ${reward.toFixed(2)}  F1 ${f1.toFixed(2)}  answered ${percent(answered)}`;
  return [place, means, ...shown].join("  ");
}

function percent(share: number): string {
  return `${(100 * share).toFixed(0)} %`;
}

/** What an agent learnt: each number as the mean of the first quarter of the steps and of the last. */
export function trainedTable(steps: ReadonlyArray<TrainedStep>, style: Style): string {
  const line = (name: string, value: (step: TrainedStep) => number) => {
    const [first, last] = quarters(steps, value);
    const change = `${first.toFixed(2).padStart(8)}${last.toFixed(2).padStart(8)}`;
    return name.padEnd(NAME_WIDTH) + change;
  };
  return [
    style.bold("trained against it".padEnd(NAME_WIDTH) + "   first    last"),
    line("reward", ({ reward }) => reward),
    line("F1", ({ f1 }) => f1),
    ...Object.keys(steps[0]?.marks ?? {}).map((hack) => line(hack, ({ marks }) => marks[hack]!)),
  ].join("\n");
}

/** Means over the first and the last quarter of the steps. */
export function quarters(
  steps: ReadonlyArray<TrainedStep>,
  value: (step: TrainedStep) => number,
): readonly [first: number, last: number] {
  const count = Math.ceil(steps.length / 4);
  const meanOf = (some: ReadonlyArray<TrainedStep>) => mean(Float64Array.from(some, value));
  return [meanOf(steps.slice(0, count)), meanOf(steps.slice(-count))];
}
