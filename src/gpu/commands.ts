/**
 * Commands for a device, carried out in order and in slices of the host's time. An adapter that runs on a CPU compiles
 * and computes inside the very calls that hand it work: keys, signals and timers would wait for all of it.
 */

/** Time after which the event loop has its turn. */
const SLICE_MILLIS = 50;

/** What is carried out step by step, with room for others where it stops. */
export type Command = () => Iterator<void> | void;

/** The one queue of a device's commands. */
export interface Commands {
  /** Carries a command out at once, or after those that wait. */
  readonly push: (command: Command) => void;
  /** The same, with an answer. */
  readonly ask: <A>(command: () => Promise<A>) => Promise<A>;
  /** Carries out all that waits, however long it takes: what it needs is about to go. */
  readonly finish: () => void;
  /** What the last command threw that nobody was there to catch, once. */
  readonly failure: () => unknown;
}

/** An empty queue. */
export function createCommands(): Commands {
  const waiting: Array<Iterator<void>> = [];
  let sliceEnd: number | null = null;
  let failure: unknown;
  const beginSlice = () => {
    setTimeout(() => {
      sliceEnd = null;
      try {
        carryOn();
      } catch (error) {
        failure ??= error;
      }
    }, 0);
    return performance.now() + SLICE_MILLIS;
  };
  /** One step of the first command. */
  const advance = () => {
    let isDone: boolean | undefined = true;
    try {
      isDone = waiting[0]!.next().done;
    } finally {
      if (isDone === true) waiting.shift();
    }
  };
  const carryOn = () => {
    while (waiting.length > 0) {
      sliceEnd ??= beginSlice();
      if (performance.now() > sliceEnd) return;
      advance();
    }
  };
  const push: Commands["push"] = (command) => {
    // A command without steps runs here when no other waits, so that the queue need not keep it.
    const steps = waiting.length === 0 ? command() : stepsOf(command);
    if (steps === undefined) return;
    waiting.push(steps);
    carryOn();
  };
  return {
    push,
    ask: (command) =>
      new Promise((resolve, reject) => push(() => void command().then(resolve, reject))),
    finish: () => {
      while (waiting.length > 0) advance();
    },
    failure: () => {
      const found = failure;
      failure = undefined;
      return found;
    },
  };
}

function* stepsOf(command: Command): Iterator<void> {
  const steps = command();
  if (steps === undefined) return;
  while (steps.next().done !== true) yield;
}
