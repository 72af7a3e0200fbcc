/** Where a Chromium is on this machine, and how it is started. */

const USUAL = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/snap/bin/chromium",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
];

/** Arguments with which it computes by software. */
export const BY_SOFTWARE = [
  "--no-sandbox",
  "--enable-unsafe-webgpu",
  "--use-webgpu-adapter=swiftshader",
  // It ends a GPU process that is busy for ten seconds, as compiling by software may be.
  "--disable-gpu-watchdog",
];

/** The program that CHROMIUM names, else the first at a usual place; null for none. */
export async function findChromium(): Promise<string | null> {
  const named = Deno.env.get("CHROMIUM");
  for (const path of named === undefined ? USUAL : [named]) {
    if (await Deno.stat(path).then(({ isFile }) => isFile, () => false)) return path;
  }
  return null;
}
