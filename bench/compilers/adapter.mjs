// Dawn as `navigator.gpu` of Node: on this machine's adapter, else on SwiftShader, which computes by software.
import { tmpdir } from "node:os";
import process from "node:process";
import chromium from "@sparticuz/chromium";
import { create, globals } from "webgpu";

/** Opens Dawn; false where it finds no adapter at all. */
export async function openDawn() {
  Object.assign(globalThis, globals);
  const hasAdapter = async () => {
    // Kept, since everything ends with it when it is collected.
    globalThis.dawn = create([]);
    return await globalThis.dawn.requestAdapter() !== null;
  };
  let isFound = await hasAdapter();
  if (!isFound) {
    // This unpacks a browser, and the driver beside it.
    await chromium.executablePath();
    process.env["VK_DRIVER_FILES"] =
      process.env["VK_ICD_FILENAMES"] =
        `${tmpdir()}/vk_swiftshader_icd.json`;
    isFound = await hasAdapter();
  }
  Object.defineProperty(navigator, "gpu", { value: globalThis.dawn });
  return isFound;
}
