// deno-lint-ignore-file no-console
/**
 * What `./igpo` prints for itself: its version, or one screen of what it can do. Fails with 2 for a task there is not.
 *
 * @module
 */
import project from "../deno.json" with { type: "json" };

// Tasks that only other tasks call have no description.
const tasks = Object.entries(project.tasks).flatMap(([name, task]) =>
  "description" in task ? [{ name, ...task }] : []
);
const isProgram = ({ command }: (typeof tasks)[number]) =>
  /^deno task --quiet program\$ANYWHERE |src\/cli\/cli\.ts/.test(command);

function listOf(shown: typeof tasks): string {
  const column = Math.max(...tasks.map(({ name }) => name.length)) + 4;
  return shown.map(({ name, description }) => `  ${name}`.padEnd(column) + description).join("\n");
}

const asked = Deno.args[0];
if (asked === "--version") console.log(project.version);
else if (asked !== undefined) {
  const known = tasks.map(({ name }) => name).join(", ");
  console.error(`Cannot run the task "${asked}" as there is none of that name: known are ${known}`);
  Deno.exit(2);
} else {
  console.log(`IGPO: train a search agent by what each of its turns is worth

Programs (./igpo train --help shows the flags)
${listOf(tasks.filter(isProgram))}

For developers
${listOf(tasks.filter((task) => !isProgram(task)))}`);
}
