/** Where the fetched driver lies; `src/files/driver.ts` loads it from there. */
export const DRIVER_FOLDER = new URL("../.cache/driver/", import.meta.url);

/** What the driver consists of: Vulkan's loader, SwiftShader, and the note that leads from one to the other. */
export const DRIVER_FILES = ["libvulkan.so.1", "libvk_swiftshader.so", "vk_swiftshader_icd.json"];
