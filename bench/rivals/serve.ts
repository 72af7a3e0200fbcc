/**
 * What a rival runtime in Deno has in common: one JSON line a request on standard input, one JSON line an answer on
 * standard output. A work is prepared when first asked for.
 */

/** One prepared work: runs `repeat` times, waits, and answers with milliseconds of one run. */
export interface Prepared {
  readonly run: (repeat: number) => Promise<void>;
  /** A few numbers of the result, which the other side must find too. */
  readonly values: () => Promise<ReadonlyArray<number>>;
}

/** Prepares a work of a given shape. */
export type Works = Readonly<
  Record<string, (shape: ReadonlyArray<number>) => Promise<Prepared>>
>;

/** `count` numbers between -1 and 1 times `scale`, the same on both sides. */
export function numbers(
  count: number,
  factor: number,
  scale = 1,
): Float32Array<ArrayBuffer> {
  return Float32Array.from(
    { length: count },
    (_, i) => (((i * factor) % 2003) / 1001 - 1) * scale,
  );
}

/** Answers requests until standard input ends. */
export async function serve(works: Works): Promise<void> {
  const prepared = new Map<string, Prepared>();
  let text = "";
  for await (
    const chunk of Deno.stdin.readable.pipeThrough(new TextDecoderStream())
  ) {
    text += chunk;
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n")) {
      const line = text.slice(0, end);
      text = text.slice(end + 1);
      const { work, shape, repeat } = JSON.parse(line);
      const answer = await answerTo(works, prepared, { work, shape, repeat });
      await Deno.stdout.write(
        new TextEncoder().encode(`${JSON.stringify(answer)}\n`),
      );
    }
  }
}

async function answerTo(
  works: Works,
  prepared: Map<string, Prepared>,
  { work, shape, repeat }: {
    work: string;
    shape: ReadonlyArray<number>;
    repeat: number;
  },
) {
  const key = `${work} ${shape}`;
  try {
    const known = prepared.get(key) ?? await works[work]!(shape);
    prepared.set(key, known);
    if (repeat === 0) return { values: await known.values() };
    const start = performance.now();
    await known.run(repeat);
    return { milliseconds: (performance.now() - start) / repeat };
  } catch (error) {
    return { error: String(error) };
  }
}
