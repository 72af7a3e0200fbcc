import type { RunConfig } from "../domain/config.ts";
import { absolutePath } from "../files/disk.ts";
import { isIndexFile } from "../search/open.ts";
import { journalFile } from "./sources.ts";

/** The fields of a configuration that name files. */
type Named = Pick<
  RunConfig,
  "model" | "revision" | "adapter" | "questions" | "corpus" | "search" | "journal"
>;

/**
 * The fields with whole paths, as a run's folder keeps them: a run that is resumed from another folder goes on with the
 * same files, not with others of the same name.
 */
export function withAbsolutePaths(config: Named): Named {
  const { model, revision, adapter, questions, corpus, search, journal } = config;
  const absolute = (path: string | null) => path === null ? null : absolutePath(path);
  return {
    // A model with a revision is one of the Hub.
    model: revision === null ? absolute(model) : model,
    revision,
    adapter: absolute(adapter),
    questions: typeof questions === "string" || questions === null
      ? absolute(questions)
      : questions.map((one) => ({ ...one, file: absolutePath(one.file) })),
    corpus: absolute(corpus),
    search: search !== null && isIndexFile(search) ? absolutePath(search) : search,
    journal: journal === null ? null : journal.replace(journalFile(journal), absolutePath),
  };
}
