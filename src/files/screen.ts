import { Effect } from "effect";

/** The output of a program. */
export interface Screen {
  /** Characters of a line. */
  readonly columns: number;
  readonly isTerminal: boolean;
  /** Whether escape codes for colours are wanted: on a terminal, unless NO_COLOR is set. */
  readonly hasColor: boolean;
  /** Prints lines that stay. */
  readonly print: (text: string) => Effect.Effect<void>;
  /** Shows a line until the next text; does nothing when the output is not a terminal. */
  readonly showProgress: (text: string) => Effect.Effect<void>;
  /** `showProgress` as a plain callback. */
  readonly onProgress: (text: string) => void;
}

const CLEAR_LINE = "\r\x1b[K";

/** Colours as this project writes them, or a control character that is no line break. */
// deno-lint-ignore no-control-regex
const CONTROL = /(\x1b\[(?:0|1|2|3[0-7]|9[0-7])m)|[\x00-\x09\x0b-\x1f\x7f-\x9f]/g;

/** Text that may come from a corpus or a server, without what a terminal would obey, colours aside. */
export function inert(text: string): string {
  return text.replaceAll(CONTROL, (_, color: string | undefined) => color ?? "\uFFFD");
}

/**
 * Standard output as a screen. When nobody reads it any more, as after `| head`, the program is interrupted, which saves
 * what there is, and nothing more is printed.
 */
export const openScreen: Effect.Effect<Screen> = Effect.sync(() => {
  const isTerminal = Deno.stdout.isTerminal();
  const columns = isTerminal ? Deno.consoleSize().columns : 80;
  const encoder = new TextEncoder();
  let isClosed = false;
  /** Whether the output was closed just now. */
  const write = (text: string): boolean => {
    if (isClosed) return false;
    isClosed = !writeAll(encoder.encode(text));
    return isClosed;
  };
  const onProgress = (text: string) => {
    if (isTerminal) write(`${CLEAR_LINE}${inert(text.slice(0, columns - 1))}`);
  };
  const clear = isTerminal ? CLEAR_LINE : "";
  return {
    columns,
    isTerminal,
    hasColor: isTerminal && (Deno.env.get("NO_COLOR") ?? "") === "",
    print: (text) =>
      Effect.suspend(() => write(`${clear}${inert(text)}\n`) ? Effect.interrupt : Effect.void),
    showProgress: (text) => Effect.sync(() => onProgress(text)),
    onProgress,
  };
});

/** Writes to standard output; false if nothing can be written there any more. */
function writeAll(bytes: Uint8Array): boolean {
  for (let written = 0; written < bytes.length;) {
    try {
      written += Deno.stdout.writeSync(bytes.subarray(written));
    } catch (error) {
      if (!(error instanceof Deno.errors.WouldBlock)) return false;
      // The other end is slow.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
    }
  }
  return true;
}
