/** Who reads a body, and until when. */
interface Reading {
  /** How long the body may be silent. */
  readonly silenceMillis: number;
  readonly signal: AbortSignal;
}

/**
 * Hands on each part of a body, until its end or until it is silent for too long; answers with the number of bytes. It
 * is a plain loop: an effect for each part would take longer than the part.
 */
export async function readParts(
  body: ReadableStream<Uint8Array> | null,
  { silenceMillis, signal }: Reading,
  use: (part: Uint8Array) => void | Promise<void>,
): Promise<number> {
  if (body === null) return 0;
  const reader = body.getReader();
  const stop = () => void reader.cancel().catch(() => {});
  signal.addEventListener("abort", stop);
  let timer: ReturnType<typeof setTimeout> | undefined;
  let bytes = 0;
  try {
    while (true) {
      timer = setTimeout(stop, silenceMillis);
      const { done, value } = await reader.read();
      clearTimeout(timer);
      if (done) return bytes;
      await use(value);
      bytes += value.length;
    }
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", stop);
    stop();
  }
}
