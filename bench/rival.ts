/** A rival runtime in a process of its own, asked over the lines of its standard streams. */

/** What is asked: a work of a shape, run `repeat` times; 0 asks for values of its result. */
export interface Request {
  readonly work: string;
  readonly shape: ReadonlyArray<number>;
  readonly repeat: number;
}

/** One of the three. */
export interface Answer {
  readonly milliseconds?: number;
  readonly values?: ReadonlyArray<number>;
  readonly error?: string;
}

/** A rival under way. */
export interface Rival {
  readonly name: string;
  readonly ask: (request: Request) => Promise<Answer>;
  readonly close: () => Promise<void>;
}

const FOLDER = new URL("./rivals/", import.meta.url);
const PYTHON = Deno.env.get("PYTHON") ?? "/usr/bin/python3";

/** A rival that runs on WebGPU in Deno: `tfjs`, `jax_js` or `ort`. */
export function openDenoRival(name: string): Rival {
  const path = (file: string) => new URL(file, FOLDER).pathname;
  return open(name, Deno.execPath(), [
    ...["run", "--quiet", "--no-prompt", "--config", path("deno.json"), "--frozen"],
    ...["--allow-read", "--allow-env", "--allow-sys", path(`${name}.ts`)],
  ]);
}

/**
 * PyTorch with so many threads, or null where the Python that PYTHON names, or Debian's, has none. `torch.set_num_threads` does not reach the
 * threads of Debian's OpenBLAS, which the environment sets; as workers that spin while they wait would keep one pool
 * from the cores of the other, OpenMP's sleep.
 */
export async function openPyTorch(threads: number): Promise<Rival | null> {
  const found = await new Deno.Command(PYTHON, {
    args: ["-c", "import torch"],
    stdout: "null",
    stderr: "null",
  }).output().catch(() => null);
  if (found?.success !== true) return null;
  const script = new URL("pytorch.py", FOLDER).pathname;
  const name = `PyTorch, ${threads} thread${threads > 1 ? "s" : ""}`;
  return open(name, PYTHON, [script, String(threads)], {
    OMP_NUM_THREADS: String(threads),
    OPENBLAS_NUM_THREADS: String(threads),
    OMP_WAIT_POLICY: "passive",
  });
}

/** What the launcher sets for this project's memory alone: rivals keep the defaults of their runtimes. */
const OURS = ["DENO_V8_FLAGS", "MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_"];

function open(
  name: string,
  command: string,
  args: ReadonlyArray<string>,
  env: Readonly<Record<string, string>> = {},
): Rival {
  const variables = Object.entries(Deno.env.toObject()).filter(([key]) => !OURS.includes(key));
  const child = new Deno.Command(command, {
    args: [...args],
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
    clearEnv: true,
    env: { ...Object.fromEntries(variables), ...env },
  }).spawn();
  const writer = child.stdin.getWriter();
  const lines = linesOf(child.stdout);
  return {
    name,
    ask: async (request) => {
      try {
        await writer.write(new TextEncoder().encode(`${JSON.stringify(request)}\n`));
      } catch {
        return { error: "its process has ended" };
      }
      const { value, done } = await lines.next();
      return done ? { error: "its process has ended" } : JSON.parse(value);
    },
    close: async () => {
      await writer.close().catch(() => {});
      // What is not yet read would keep a process waiting.
      for await (const _ of lines);
      await child.status;
    },
  };
}

/** Lines that are JSON records; runtimes print greetings among them. */
async function* linesOf(stream: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string> {
  let text = "";
  for await (const chunk of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (text + chunk).split("\n");
    text = lines.pop()!;
    yield* lines.filter((line) => line.startsWith("{"));
  }
}
