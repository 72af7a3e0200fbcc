import {
  makeBindGroupLayoutDescriptors,
  makeShaderDataDefinitions,
  type StructDefinition,
} from "webgpu-utils";
import type { WeightFormat } from "../domain/recipe.ts";
import { KERNELS } from "./kernels.ts";
import {
  type Bound,
  type KernelName,
  type Launch,
  suitsSubgroups,
  type Traits,
} from "./launches.ts";
import { setConstants, unrollLoops } from "./straight_line.ts";
import { readThroughTextures } from "./texture_form.ts";
import { WEIGHT_READERS } from "./weight_readers.ts";

/** Where a field of the `Dims` uniform lies, and what it is. */
interface DimsField {
  readonly offset: number;
  readonly type: "u32" | "f32";
}

/** What is known of a kernel from its text alone. */
export interface Interface {
  readonly fields: ReadonlyMap<string, DimsField>;
  /** What it binds apart from `dims`: names as its text has them, without underscores. */
  readonly bindings: ReadonlyArray<{ readonly binding: number; readonly name: string }>;
  readonly layout: GPUBindGroupLayout;
}

/** A form of a kernel: which inputs it reads through textures, and the storage format of its weights. */
export interface Form {
  readonly kernel: KernelName;
  readonly textures: ReadonlyArray<number>;
  readonly weights: WeightFormat | null;
}

/** A name that identifies a form. */
export function nameOf({ kernel, textures, weights }: Form): string {
  return `${kernel} ${textures} ${weights}`;
}

/** Compiles kernels on first use and keeps them. */
export interface Pipelines {
  readonly interfaceOf: (form: Form) => Interface;
  readonly pipeline: (form: Form, launch: Launch) => GPUComputePipeline;
  /** The number of pipelines so far. */
  readonly count: () => number;
  /** Pipelines that were dispatched before. */
  readonly dispatched: WeakSet<GPUComputePipeline>;
  /** The first compiler error since the last call, or null. */
  readonly failure: () => Promise<{ readonly kernel: string; readonly message: string } | null>;
}

const LITTLE_ENDIAN = true;

/** Bytes between the `Dims` of two dispatches; every adapter allows offsets of this alignment. */
export const DIMS_STRIDE = 256;

/** Writes the fields of one dispatch's `Dims` at `offset`; sizes are u32, scalars f32, as the shader declares. */
export function writeDims(
  target: DataView,
  offset: number,
  fields: Interface["fields"],
  values: Bound,
): void {
  for (const [name, field] of fields) {
    const value = values[name];
    if (value === undefined) throw new Error(`No value for the field ${name} of Dims`);
    if (field.type === "f32") target.setFloat32(offset + field.offset, value, LITTLE_ENDIAN);
    else target.setUint32(offset + field.offset, value, LITTLE_ENDIAN);
  }
}

/** Pipelines of one device. */
export function createPipelines(
  device: GPUDevice,
  traits: Traits,
  onKernel: (count: number) => void = () => {},
): Pipelines {
  const interfaces = new Map<string, Interface>();
  const pipelines = new Map<string, GPUComputePipeline>();
  const complaints: Array<Promise<{ kernel: string; message: string } | null>> = [];
  const interfaceOf = (form: Form): Interface => {
    const key = nameOf(form);
    const known = interfaces.get(key) ?? readInterface(device, form, traits);
    interfaces.set(key, known);
    return known;
  };
  return {
    interfaceOf,
    count: () => pipelines.size,
    dispatched: new WeakSet(),
    pipeline: (form, { constants = {}, overrides = {} }) => {
      const { kernel } = form;
      const key = `${nameOf(form)} ${JSON.stringify([constants, overrides])}`;
      const known = pipelines.get(key);
      if (known !== undefined) return known;
      onKernel(pipelines.size + 1);
      device.pushErrorScope("validation");
      const text = setConstants(codeOf(form, traits), constants);
      const isUnrolled = traits.family === "lines" || KERNELS[kernel].unrolled === true;
      const code = isUnrolled ? unrollLoops(text) : text;
      const module = device.createShaderModule({ label: `${kernel}.wgsl`, code });
      const { layout } = interfaceOf(form);
      const made = device.createComputePipeline({
        label: kernel,
        layout: device.createPipelineLayout({ label: kernel, bindGroupLayouts: [layout] }),
        compute: { module, entryPoint: kernel, constants: overrides },
      });
      complaints.push(
        device.popErrorScope().then(
          (error) => error === null ? null : { kernel, message: error.message },
          // It fails where the device is lost, which is said by whoever watches for that.
          () => null,
        ),
      );
      pipelines.set(key, made);
      return made;
    },
    failure: async () => {
      const found = await Promise.all(complaints.splice(0));
      return found.find((complaint) => complaint !== null) ?? null;
    },
  };
}

/** Text of a form before its constants are set. */
function codeOf({ kernel, textures, weights }: Form, traits: Traits): string {
  const { code, subgroupCode = code } = KERNELS[kernel];
  const reader = weights !== null && code.includes("load_weight(") ? WEIGHT_READERS[weights] : "";
  const text = `${suitsSubgroups(traits) ? subgroupCode : code}\n${reader}`;
  const isEnabled = traits.enablesSubgroups === true && /\bsubgroup\w+\(/.test(text);
  // On the first line, so that compilers name the lines of the file.
  const enabled = isEnabled ? `enable subgroups; ${text}` : text;
  return readThroughTextures(enabled, textures.map((input) => input + 1));
}

function readInterface(device: GPUDevice, form: Form, traits: Traits): Interface {
  const { kernel } = form;
  const code = codeOf(form, traits);
  const definitions = makeShaderDataDefinitions(code);
  const [group] = makeBindGroupLayoutDescriptors(definitions, { compute: { entryPoint: kernel } });
  const entries = [...group!.entries].map((entry) =>
    entry.binding === 0 ? { ...entry, buffer: { ...entry.buffer, hasDynamicOffset: true } } : entry
  );
  // Every kernel declares `var<uniform> dims: Dims`, a struct; a test reads all of them.
  const struct = definitions.uniforms["dims"]!.typeDefinition as StructDefinition;
  const fields = new Map<string, DimsField>();
  for (const [name, field] of Object.entries(struct.fields)) {
    const type = "type" in field.type ? field.type.type : "a struct";
    if (type !== "u32" && type !== "f32") throw new Error(`Field ${name} of ${kernel} is ${type}`);
    fields.set(name, { offset: field.offset, type });
  }
  const layout = device.createBindGroupLayout({ label: kernel, entries });
  return { fields, bindings: boundNames(code), layout };
}

/** What a text binds in storage and textures. Every kernel uses all that its text declares. */
function boundNames(code: string): Interface["bindings"] {
  const declared = code.matchAll(/@binding\((\d+)\) var(?:<storage, \w+>)? (\w+):/g);
  return Array.from(declared, ([, binding, name]) => ({
    binding: Number(binding),
    name: plainName(name!),
  }));
}

/** A name without underscores and capitals: TypeScript says `dKeyValue` and WGSL `d_key_value`. */
export function plainName(name: string): string {
  return name.replaceAll("_", "").toLowerCase();
}
