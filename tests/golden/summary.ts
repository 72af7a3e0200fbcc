import { assertClose, type Tolerance } from "../support/comparison.ts";

/** Counts what a family of golden cases compared. */
export interface Family {
  readonly close: (
    got: ArrayLike<number>,
    want: ArrayLike<number>,
    tolerance: Tolerance,
    label: string,
  ) => void;
  readonly equal: (got: unknown, want: unknown, label: string) => void;
  /** One case done, whatever it compared. */
  readonly countCase: () => void;
  /** One case no preset offers. */
  readonly countNotOffered: () => void;
  /** One case where the reference itself gives no value: NaN, or an error. */
  readonly countUndefined: () => void;
}

/**
 * Declares the test of one golden family and prints one line: files, cases, largest deviation, and
 * how many cases are not offered or undefined in the reference.
 */
export function goldenTest(
  name: string,
  files: ReadonlyArray<string>,
  run: (family: Family) => void | Promise<void>,
): void {
  const listed = files.length <= 4 ? files.join(", ") : `${files.length} files`;
  Deno.test(`golden ${name}: every offered case of ${listed}`, async () => {
    const counts = { cases: 0, notOffered: 0, undefined: 0 };
    let deviation = 0;
    await run({
      close: (got, want, tolerance, label) => {
        deviation = Math.max(deviation, assertClose(got, want, tolerance, `${name} ${label}`));
      },
      equal: (got, want, label) => {
        const [left, right] = [JSON.stringify(got), JSON.stringify(want)];
        if (left !== right) throw new Error(`${name} ${label}: got ${left}, want ${right}`);
      },
      countCase: () => counts.cases++,
      countNotOffered: () => counts.notOffered++,
      countUndefined: () => counts.undefined++,
    });
    printLine(
      `golden ${name}: ${files.length} file${files.length === 1 ? "" : "s"}, ` +
        `${counts.cases} cases, largest deviation ${deviation.toExponential(1)}` +
        (counts.notOffered > 0 ? `, not offered: ${counts.notOffered} cases` : "") +
        (counts.undefined > 0 ? `, undefined in the reference: ${counts.undefined}` : ""),
    );
  });
}

function printLine(line: string): void {
  // deno-lint-ignore no-console -- the line is this test's report
  console.log(line);
}
