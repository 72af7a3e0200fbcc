import {
  makeBindGroupLayoutDescriptors,
  makeShaderDataDefinitions,
  type StructDefinition,
} from "webgpu-utils";
import type { OpKind } from "../model/plan.ts";
import { type Bound, KERNELS, type Launch, type Traits } from "./kernels.ts";
import { setConstants, unrollLoops } from "./straight_line.ts";

/** Where a field of the `Dims` uniform lies, and what it is. */
interface DimsField {
  readonly offset: number;
  readonly type: "u32" | "f32";
}

/** What is known of a kernel from its text alone. */
export interface Interface {
  readonly fields: ReadonlyMap<string, DimsField>;
  /** Storage bindings, in order: inputs, then outputs. */
  readonly bindings: number;
  readonly layout: GPUBindGroupLayout;
}

/** Compiles kernels on first use and keeps them. */
export interface Pipelines {
  readonly interfaceOf: (kind: OpKind) => Interface;
  readonly pipeline: (kind: OpKind, launch: Launch, format: number) => GPUComputePipeline;
  /** The first complaint of the compiler, if any. */
  readonly failure: () => Promise<{ readonly kernel: string; readonly message: string } | null>;
}

/** Bytes between the `Dims` of two dispatches; every adapter allows offsets of this alignment. */
export const DIMS_STRIDE = 256;

/** Writes the fields of one dispatch's `Dims` at `offset`; sizes are u32, scalars f32, as the shader says. */
export function writeDims(
  target: DataView,
  offset: number,
  fields: Interface["fields"],
  values: Bound,
): void {
  for (const [name, field] of fields) {
    const value = values[name];
    if (value === undefined) throw new Error(`No value for the field ${name} of Dims`);
    if (field.type === "f32") target.setFloat32(offset + field.offset, value, true);
    else target.setUint32(offset + field.offset, value, true);
  }
}

/** Pipelines of one device. */
export function createPipelines(device: GPUDevice, traits: Traits): Pipelines {
  const interfaces = new Map<OpKind, Interface>();
  const pipelines = new Map<string, GPUComputePipeline>();
  const complaints: Array<Promise<{ kernel: string; message: string } | null>> = [];
  const interfaceOf = (kind: OpKind): Interface => {
    const known = interfaces.get(kind) ?? readInterface(device, kind);
    interfaces.set(kind, known);
    return known;
  };
  return {
    interfaceOf,
    pipeline: (kind, launch, format) => {
      const reads = KERNELS[kind].weightInput !== null;
      const overrides = { ...launch.overrides, ...(reads ? { FORMAT: format } : {}) };
      const key = `${kind} ${JSON.stringify([launch.constants, overrides])}`;
      const known = pipelines.get(key);
      if (known !== undefined) return known;
      device.pushErrorScope("validation");
      const made = compile(device, kind, launch, overrides, interfaceOf(kind).layout, traits);
      complaints.push(
        device.popErrorScope().then((error) =>
          error === null ? null : { kernel: kind, message: error.message }
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

function compile(
  device: GPUDevice,
  kind: OpKind,
  launch: Launch,
  overrides: Readonly<Record<string, number>>,
  layout: GPUBindGroupLayout,
  traits: Traits,
): GPUComputePipeline {
  const text = setConstants(KERNELS[kind].code, launch.constants);
  const code = traits.straightLine ? unrollLoops(text) : text;
  const module = device.createShaderModule({ label: `${kind}.wgsl`, code });
  return device.createComputePipeline({
    label: kind,
    layout: device.createPipelineLayout({ label: kind, bindGroupLayouts: [layout] }),
    compute: { module, entryPoint: kind, constants: { ...overrides } },
  });
}

function readInterface(device: GPUDevice, kind: OpKind): Interface {
  const definitions = makeShaderDataDefinitions(KERNELS[kind].code);
  const [group] = makeBindGroupLayoutDescriptors(definitions, { compute: { entryPoint: kind } });
  const entries = [...group!.entries].map((entry) =>
    entry.binding === 0 ? { ...entry, buffer: { ...entry.buffer, hasDynamicOffset: true } } : entry
  );
  // Every kernel declares `var<uniform> dims: Dims`, a struct; a test reads all of them.
  const struct = definitions.uniforms["dims"]!.typeDefinition as StructDefinition;
  const fields = new Map<string, DimsField>();
  for (const [name, field] of Object.entries(struct.fields)) {
    const type = "type" in field.type ? field.type.type : "a struct";
    if (type !== "u32" && type !== "f32") throw new Error(`Field ${name} of ${kind} is ${type}`);
    fields.set(name, { offset: field.offset, type });
  }
  const layout = device.createBindGroupLayout({ label: kind, entries });
  return { fields, bindings: entries.length - 1, layout };
}
