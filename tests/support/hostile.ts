// deno-lint-ignore-file no-console
/** What a bad dependency would try in the place of a program: prints as JSON what it got, and why it did not. */
const [project, port, library] = Deno.args.slice(-3);
const { Command } = Deno;
const home = Deno.env.get("HOME")!;

const attempts: Readonly<Record<string, () => unknown>> = {
  "read a key": () => Deno.readTextFileSync(`${home}/.ssh/id_ed25519`),
  "read the folder of the caller": () => [...Deno.readDirSync(home)],
  "read a secret variable": () => Deno.env.get("AWS_SECRET_ACCESS_KEY"),
  "list variables": () => Deno.env.toObject(),
  "write into the driver": () => Deno.writeTextFileSync(`${project}/.cache/driver/liba.so`, ""),
  "write into the sources": () => Deno.writeTextFileSync(`${project}/src/bad.ts`, ""),
  "write what a shell starts": () => Deno.writeTextFileSync(`${home}/.profile`, ""),
  "link into the driver": () => Deno.symlinkSync(`${project}/.cache/driver`, "runs"),
  "start a program": () => new Command("sh", { args: ["-c", ":"] }).outputSync(),
  "load a library": () => Deno.dlopen(library!, {}),
  "connect to a server": () => Deno.connect({ hostname: "127.0.0.1", port: Number(port) }),
};

const got: Record<string, string> = {};
for (const [name, attempt] of Object.entries(attempts)) {
  try {
    await attempt();
    got[name] = "done";
  } catch (error) {
    got[name] = error instanceof Error ? error.name : String(error);
  }
}
console.log(JSON.stringify(got));
