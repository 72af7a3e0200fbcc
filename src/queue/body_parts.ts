/** Who reads a body, and until when. */
interface Reading {
  /** How long the body may be silent. */
  readonly silenceMillis: number;
  readonly signal: AbortSignal;
}

/** Most bytes of a part. Fewer and larger parts take less time; more would not stay in the processor's cache. */
const PART_BYTES = 1 << 20;

/**
 * Hands on each part of a body, until its end or until it is silent for too long; answers with the number of bytes. The
 * next part may have the memory of the last one: `use` keeps nothing of it. It is a plain loop: an effect for each part
 * would take longer than the part.
 */
export async function readParts(
  body: ReadableStream<Uint8Array> | null,
  { silenceMillis, signal }: Reading,
  use: (part: Uint8Array) => void | Promise<void>,
): Promise<number> {
  if (body === null) return 0;
  const reader = readerOf(body);
  const stop = () => void reader.cancel().catch(() => {});
  signal.addEventListener("abort", stop);
  let timer: ReturnType<typeof setTimeout> | undefined;
  let bytes = 0;
  try {
    while (true) {
      timer = setTimeout(stop, silenceMillis);
      const part = await reader.read();
      clearTimeout(timer);
      if (part === null) return bytes;
      await use(part);
      bytes += part.length;
    }
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", stop);
    stop();
  }
}

/** A reader of the parts of a body: null is its end. */
function readerOf(body: ReadableStream<Uint8Array>) {
  let reader: ReadableStreamBYOBReader;
  try {
    reader = body.getReader({ mode: "byob" });
  } catch {
    // Deno has a short body in memory already.
    const reader = body.getReader();
    return {
      cancel: () => reader.cancel(),
      read: async () => (await reader.read()).value ?? null,
    };
  }
  let memory = new ArrayBuffer(PART_BYTES);
  return {
    cancel: () => reader.cancel(),
    read: async () => {
      const { done, value } = await reader.read(new Uint8Array(memory));
      if (done) return null;
      memory = value.buffer;
      return value;
    },
  };
}
