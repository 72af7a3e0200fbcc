/** What files of the disk ask of `node:path` and `node:url`, for a page: no test there may use it. */
function unknown(): never {
  throw new Error("A page knows no path of the disk");
}

export { unknown as pathToFileURL, unknown as resolve };
