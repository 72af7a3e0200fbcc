/**
 * Commands for a device, run in order and in slices of the host's time. An adapter on a CPU compiles and computes
 * inside the calls that hand it work. Without slices, keys, signals and timers would wait for all of it.
 */

/** Length of a slice, after which the event loop runs. */
const SLICE_MILLIS = 50;

/** A command. If it returns an iterator, the event loop may run between its steps. */
export type Command = () => Iterator<void> | void;

/** The one queue of a device's commands. */
export interface Commands {
  /** Runs a command at once, or after the commands that wait. */
  readonly push: (command: Command) => void;
  /** Runs a command in the same way and resolves to its result. */
  readonly ask: <A>(command: () => Promise<A>) => Promise<A>;
  /** Runs all waiting commands, however long it takes. Call it before destroying what they use. */
  readonly finish: () => void;
  /** The first error since the last call that a command threw when no caller could catch it. */
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
