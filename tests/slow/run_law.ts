/**
 * Runs the tests of a file whose titles begin with a law's name, a number of times, each with draws of its own, and
 * prints how many times one of them failed: FILE LAW RUNS.
 */
const [file, law, runs] = Deno.args;
const tests: Array<() => void | Promise<void>> = [];

// The file declares its tests by this function. One process runs them many times, where `deno test` runs them once.
Object.assign(Deno, {
  test: (name: string, body: () => void | Promise<void>) => {
    if (name.startsWith(law!)) tests.push(body);
  },
});
await import(new URL(file!, `file://${Deno.cwd()}/`).href);
if (tests.length === 0) throw new Error(`${file} has no test of "${law}"`);

async function fails(): Promise<boolean> {
  for (const test of tests) {
    try {
      await test();
    } catch {
      return true;
    }
  }
  return false;
}

let failed = 0;
for (let run = 0; run < Number(runs); run++) failed += Number(await fails());
await Deno.stdout.write(new TextEncoder().encode(String(failed)));
