// deno-lint-ignore-file no-console
/** Works of this project timed beside those of rivals, a line and a row each. */
import type { Device } from "../src/gpu/device.ts";
import { agree, compareTimes, type Timed, timed } from "./measure.ts";
import type { Prepared } from "./ours.ts";
import { openDenoRival, openPyTorch, type Rival } from "./rival.ts";

/** One line of the result. A ratio is theirs / ours and to be high, or a share or slope of ours and to be low. */
export interface Row {
  readonly work: string;
  readonly against: string;
  readonly ratio: number;
  readonly floor: number;
  readonly aim: number;
  readonly adapter: string;
}

/** What a ratio is to reach. */
export interface Goal {
  readonly floor: number;
  readonly aim: number;
  readonly better: "higher" | "lower";
}

/** Works that are done one after the other, and who else does them. */
export interface Works {
  readonly work: string;
  /** What the rivals call it. */
  readonly asked: string;
  readonly shapes: ReadonlyArray<ReadonlyArray<number>>;
  readonly prepare: (device: Device, shape: ReadonlyArray<number>) => Promise<Prepared>;
  readonly against: string;
  readonly rivals: ReadonlyArray<string>;
  readonly goal: Omit<Goal, "better">;
  /** Whether both sides find the same numbers; weights and draws of whole models differ. @default {true} */
  readonly sameValues?: boolean;
  /** How often a rival must run for one run of ours. @default {1} */
  readonly theirRuns?: number;
}

/** Two works of our own. */
export interface OwnWorks {
  readonly work: string;
  readonly against: string;
  readonly goal: Goal;
  readonly measure: () => Promise<{ readonly ours: Timed; readonly theirs: Timed }>;
}

/** What comparisons of one run share: its rows and the processes of its rivals, which end with it. */
export interface Comparisons extends AsyncDisposable {
  readonly rows: ReadonlyArray<Row>;
  readonly record: (row: Omit<Row, "adapter">, detail: string, better: Goal["better"]) => void;
  /** Ratio to the best of some rivals. */
  readonly against: (works: Works) => Promise<void>;
  /** Ratio of two works of our own. */
  readonly within: (works: OwnWorks) => Promise<void>;
}

/** The first columns of a line. */
const named = (work: string, against: string) => work.padEnd(49) + against.padEnd(24);

/** Comparisons on a device, of works whose name contains `only`. */
export function openComparisons(device: Device, only: string): Comparisons {
  const rows: Row[] = [];
  const rivals = openRivals();

  const record: Comparisons["record"] = (row, detail, better) => {
    rows.push({ ...row, adapter: device.adapter.name });
    const reaches = (mark: number) => better === "higher" ? row.ratio >= mark : row.ratio <= mark;
    const verdict = reaches(row.aim) ? "aim" : reaches(row.floor) ? "floor" : "MISSED";
    console.log(
      `${named(row.work, row.against)}${row.ratio.toFixed(3).padStart(8)}  ` +
        `${`${row.floor} → ${row.aim}`.padEnd(14)}${verdict.padEnd(8)}${detail}`,
    );
  };

  return {
    rows,
    record,
    against: async (works) => {
      if (!works.work.includes(only)) return;
      const prepared: Prepared[] = [];
      for (const shape of works.shapes) prepared.push(await works.prepare(device, shape));
      const found: Array<{ ratio: number; detail: string }> = [];
      for (const name of works.rivals) {
        const one = await besideRival(works, prepared, name, await rivals.open(name));
        if (typeof one === "string") console.log(`${named(works.work, name)}skipped: ${one}`);
        else found.push(one);
      }
      const best = found.sort((a, b) => a.ratio - b.ratio)[0];
      if (best === undefined) return;
      const { work, goal } = works;
      const detail = found.map((one) => one.detail).join("; ");
      record({ work, against: works.against, ratio: best.ratio, ...goal }, detail, "higher");
    },
    within: async ({ work, against, goal, measure }) => {
      if (!work.includes(only)) return;
      const { ours, theirs, ratio } = await compareTimes([await measure()]);
      const detail = `${ours.toFixed(1)} ms, ${theirs.toFixed(1)} ms`;
      const { floor, aim, better } = goal;
      record({ work, against, ratio, floor, aim }, detail, better);
    },
    [Symbol.asyncDispose]: rivals.close,
  };
}

/** Rivals' processes, each started when first asked for. */
function openRivals() {
  const opened = new Map<string, Promise<Rival | null>>();
  return {
    open: (name: string): Promise<Rival | null> => {
      const threads = /^PyTorch (\d+)/.exec(name)?.[1];
      const rival = opened.get(name) ??
        (threads === undefined
          ? Promise.resolve(openDenoRival(name))
          : openPyTorch(Number(threads)));
      opened.set(name, rival);
      return rival;
    },
    close: async () => {
      for (const rival of opened.values()) await (await rival)?.close();
    },
  };
}

/** The ratio to one rival, or why there is none. */
async function besideRival(
  works: Works,
  prepared: ReadonlyArray<Prepared>,
  name: string,
  other: Rival | null,
): Promise<string | { readonly ratio: number; readonly detail: string }> {
  if (other === null) return "not installed";
  const trouble = await disagreement(works, prepared, other);
  if (trouble !== null) return trouble;
  const comparison = await compareTimes(prepared.map(({ run }, i) => ({
    ours: timed(run),
    theirs: theirTime(works, works.shapes[i]!, other),
  })));
  const { ratio, ours, theirs } = comparison;
  return { ratio, detail: `${name}: ${ours.toFixed(1)} ms, theirs ${theirs.toFixed(1)} ms` };
}

/** How a rival times a work of one shape. */
export function theirTime(
  { asked, theirRuns = 1 }: Pick<Works, "asked" | "theirRuns">,
  shape: ReadonlyArray<number>,
  other: Rival,
): Timed {
  return async (repeat) => {
    const all = { work: asked, shape, repeat: repeat * theirRuns };
    const { milliseconds, error } = await other.ask(all);
    if (milliseconds === undefined) throw new Error(`${other.name}: ${error}`);
    return milliseconds * theirRuns;
  };
}

/** Why the two sides cannot be compared, or null: a bench of wrong results measures nothing. */
export async function disagreement(
  works: Pick<Works, "asked" | "shapes" | "sameValues">,
  prepared: ReadonlyArray<Prepared>,
  other: Rival,
): Promise<string | null> {
  for (const [i, shape] of works.shapes.entries()) {
    const mine = await prepared[i]!.values();
    const { values, error } = await other.ask({ work: works.asked, shape, repeat: 0 });
    if (values === undefined) return error ?? "no answer";
    if (works.sameValues !== false && !agree(mine, values)) {
      return `results differ: ${mine} and ${values}`;
    }
  }
  return null;
}
