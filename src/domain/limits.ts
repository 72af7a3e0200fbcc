/**
 * Most of everything that a file, a server or a model may say. docs/limits.md says what each bound is for and what
 * raises it; a test compares the two. A value beyond its bound is refused in one sentence, or cut where that is said.
 */
export const LIMITS = {
  /** Levels of arrays and objects in JSON: what follows a value into its depths would overflow the stack. */
  jsonDepth: 100,
  /** Bytes of a file that is read whole: configurations, presets, lists of shards, records of runs. */
  wholeFileBytes: 256 << 20,
  /** Characters of a value that a message shows. */
  shownCharacters: 120,
  /** Bytes of a line of a file of lines. */
  lineBytes: 16 << 20,

  /** Rows of a file of questions. */
  questionRows: 2_000_000,
  /** Characters of a question, and of a gold answer. */
  questionCharacters: 100_000,
  /** Gold answers of a question. */
  golds: 1000,
  /** Characters of all passages of a corpus that is searched in memory. */
  corpusCharacters: 1 << 30,

  /** Bytes of the header of a safetensors file; the limit of its reference implementation. */
  safetensorsHeaderBytes: 100_000_000,
  /** Rank of adapters. */
  loraRank: 4096,

  /** Rows of a group of rows in Parquet, which is decoded at once. */
  parquetGroupRows: 1 << 20,
  /** Values of all columns of a group, those of lists and empty ones included. */
  parquetGroupValues: 1 << 24,
  /** Bytes of a group when unpacked. */
  parquetGroupBytes: 2 ** 30,
  /** Bytes of a page when unpacked, and so of a value. */
  parquetPageBytes: 256 << 20,
  /** Seconds to decode a group. */
  parquetSeconds: 120,
  /** MiB of memory to decode a group, besides its bytes. */
  parquetMegabytes: 2048,

  /** Ids of a tokenizer, from 0 on. */
  tokenIds: 1 << 20,
  /** Tokens that are added to a vocabulary. */
  addedTokens: 1 << 14,
  /** Characters of an added token. */
  addedTokenCharacters: 1000,
  /** Characters of a regular expression in tokenizer.json. */
  patternCharacters: 2000,
  /** Ways in which a regular expression may match a text at one place, repetitions of a character aside. */
  patternPaths: 50,
  /** Characters of a text that such an expression is given at once. */
  pieceCharacters: 1024,

  /** Characters of a chat template. */
  templateCharacters: 200_000,
  /** Seconds to read a chat template and to render the conversations that show its form. */
  templateSeconds: 1,
  /** MiB of memory to do so. */
  templateMegabytes: 256,

  /** Bytes of an answer of the Hub that is no file: a page of a listing, what it says about a model, an error. */
  hubAnswerBytes: 16 << 20,
  /** Pages of a listing. */
  hubListingPages: 100,
  /** Seconds until the Hub has answered, and how long a download may be silent, before it is tried anew. */
  hubSilenceSeconds: 30,
  /** Bytes of a file of the Hub. */
  hubFileBytes: 2 ** 40,
  /** Fewest bytes a second, over a minute, before a download is tried anew. */
  hubBytesPerSecond: 1024,

  /** Bytes of an answer of a search engine. */
  searchAnswerBytes: 8 << 20,
  /** Bytes of an answer of a judge. */
  judgeAnswerBytes: 1 << 20,
  /** Bytes of an answer of an inference server that samples messages. */
  serverAnswerBytes: 16 << 20,
  /** Bytes of a web page when unpacked. */
  pageBytes: 4 << 20,
  /** Redirects to a web page. */
  pageRedirects: 5,
  /** Elements within each other in a web page. Browsers stop here too, and the parser takes longer the deeper it is. */
  pageDepth: 512,
  /** MiB of memory of a module that `./igpo check-reward` asks. */
  rewardMegabytes: 512,

  /** Bytes of a job of a queue: more would be a burden to its database. */
  jobBytes: 1 << 20,
  /** Bytes of what came of a job. */
  groupBytes: 256 << 20,
  /** Seconds for which whoever sends or receives a blob over the network may be silent, or away. */
  blobSilenceSeconds: 30,
  /** Failures of a job, those of killed workers included, until it is given up. */
  jobAttempts: 10,

  /** Bytes of a request to `./igpo retriever`. */
  retrieverBytes: 4 << 20,
  /** Queries of such a request. */
  retrieverQueries: 1024,
} as const;
