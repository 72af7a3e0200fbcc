import { Console, Effect } from "effect";
import { type CliError, CliOutput } from "effect/cli";
import { quote, shorten } from "../domain/quote.ts";

/** One sentence on what is wrong with a command line; for an unknown flag or program it lists the known ones. */
function sentenceOf(error: CliError.CliError, help: CliOutput.Presenter.InvalidInvocation): string {
  const program = help.commandPath.at(-1) ?? "";
  const flags = help.helpDoc.flags.map((flag) => `--${flag.name}`).join(", ");
  const commands = (help.helpDoc.subcommands ?? [])
    .flatMap((group) => group.commands.map((command) => command.name)).join(", ");
  switch (error._tag) {
    case "UnrecognizedOption":
      return `Cannot run ${program} as it has no flag ${shorten(error.option)}: known are ${flags}`;
    case "UnknownSubcommand":
      return `Cannot find the program ${quote(error.subcommand)}: known are ${commands}`;
    case "InvalidValue":
      if (error.value === "") {
        return `Cannot use --${error.option} without a value: it takes ${error.expected}`;
      }
      return `Cannot use --${error.option} as ${ruleOf(error.expected)}: current value is ${
        quote(error.value)
      }`;
    case "MissingOption":
      return `Cannot run ${program} without --${error.option}: ./igpo ${program} --help says what it is`;
    case "MissingArgument":
      return `Cannot run ${program} without ${error.argument}: ./igpo ${program} --help says what it is`;
    default:
      return `Cannot run ${program}: ${error.message}`;
  }
}

/** `Expected 0 or more, got -1` as `it must be 0 or more`. */
function ruleOf(expected: string): string {
  const rule = expected.replace(/^Expected:? ?/, "").replace(/, got .*$/s, "");
  return `it must be ${rule.replace("a string representing a finite number", "a number")}`;
}

/** Help goes to stdout; a wrong command line is one sentence on stderr. */
export const presenter: CliOutput.Presenter = {
  present: (event) => {
    if (event._tag !== "InvalidInvocation") return CliOutput.defaultPresenter.present(event);
    const error = event.errors[0];
    return error === undefined ? Effect.void : Console.error(sentenceOf(error, event));
  },
};
