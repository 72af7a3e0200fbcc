/** The bytes of a request's or an answer's body, or null where they are more than `most`; the rest is then not read. */
export async function readAtMost(
  body: AsyncIterable<Uint8Array> | null,
  most: number,
): Promise<Uint8Array | null> {
  const parts: Uint8Array[] = [];
  let count = 0;
  for await (const part of body ?? []) {
    count += part.length;
    // Leaving the loop cancels the body.
    if (count > most) return null;
    parts.push(part);
  }
  const all = new Uint8Array(count);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
