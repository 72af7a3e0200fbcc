/** Simulated time: an agenda of things to happen, and links whose bandwidth is shared. */

/** Things to happen, in the order of their times; of equal times in the order in which they were added. */
export interface Agenda {
  /** Seconds since the beginning. */
  readonly now: () => number;
  readonly after: (seconds: number, run: () => void) => void;
  /** Lets things happen until it is over. */
  readonly runUntil: (isOver: () => boolean) => void;
}

/** An agenda at time 0. */
export function createAgenda(): Agenda {
  // The next one last.
  const coming: { readonly at: number; readonly run: () => void }[] = [];
  let now = 0;
  return {
    now: () => now,
    after: (seconds, run) => {
      const at = now + seconds;
      let [low, high] = [0, coming.length];
      while (low < high) {
        const middle = (low + high) >> 1;
        if (coming[middle]!.at > at) low = middle + 1;
        else high = middle;
      }
      coming.splice(low, 0, { at, run });
    },
    runUntil: (isOver) => {
      while (!isOver()) {
        const next = coming.pop();
        if (next === undefined) throw new Error("Cannot go on as nothing is left to happen");
        now = next.at;
        next.run();
      }
    },
  };
}

/** What a link can do. */
export interface Bandwidth {
  readonly bytesPerSecond: number;
  /** One way; each transfer waits for it first. */
  readonly latencySeconds: number;
}

/** One direction of a link. */
export interface Link {
  /** Begins a transfer; the answer stops it. */
  readonly send: (bytes: number, onDone: () => void) => () => void;
}

interface Transfer {
  left: number;
  readonly onDone: () => void;
}

/** A link whose transfers under way have equal shares of its bandwidth. */
export function createLink(
  agenda: Agenda,
  { bytesPerSecond, latencySeconds }: Bandwidth,
): Link {
  const open = new Set<Transfer>();
  let [since, plans] = [0, 0];
  /** Counts the bytes that went since the number of transfers last changed, and looks forward to the next end. */
  const change = (how: () => void) => {
    const each = (agenda.now() - since) * bytesPerSecond / open.size;
    for (const transfer of open) transfer.left -= each;
    since = agenda.now();
    how();
    plans += 1;
    const plan = plans;
    const first = [...open].reduce<Transfer | null>(
      (found, one) => found === null || one.left < found.left ? one : found,
      null,
    );
    if (first === null) return;
    agenda.after(Math.max(0, first.left) * open.size / bytesPerSecond, () => {
      if (plan !== plans) return;
      change(() => open.delete(first));
      first.onDone();
    });
  };
  return {
    send: (bytes, onDone) => {
      const transfer: Transfer = { left: bytes, onDone };
      let isStopped = false;
      agenda.after(latencySeconds, () => {
        if (!isStopped) change(() => open.add(transfer));
      });
      return () => {
        isStopped = true;
        if (open.has(transfer)) change(() => open.delete(transfer));
      };
    },
  };
}
