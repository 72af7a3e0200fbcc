/** A device that only counts: it takes every call of the engine, computes nothing, and needs no adapter. */
import type { Device } from "../../src/gpu/device.ts";
import { createCommands } from "../../src/gpu/commands.ts";
import type { Traits } from "../../src/gpu/launches.ts";
import { watchLoss } from "../../src/gpu/loss.ts";
import { createPipelines } from "../../src/gpu/pipelines.ts";

/** A dispatch that was submitted. */
export interface Dispatch {
  readonly kernel: string;
  readonly workgroups: number;
  /** Invocations of all its workgroups. */
  readonly threads: number;
}

/** A buffer of a counting device. */
export interface CountedBuffer {
  readonly label: string;
  readonly size: number;
}

/** A counting device, what was dispatched on it so far, the text of each module that was made, and its buffers. */
export interface CountingDevice {
  readonly opened: Device;
  readonly dispatches: Dispatch[];
  readonly texts: Set<string>;
  /** Those that are not destroyed. */
  readonly buffers: ReadonlySet<CountedBuffer>;
}

/** Invocations of a workgroup, as a text declares them. */
export function workgroupWidth(code: string, overrides: Readonly<Record<string, number>>): number {
  const name = /@workgroup_size\((\w+)\)/.exec(code)![1]!;
  const declared = new RegExp(`^(const|override) ${name}(: u32)? = (\\d+)u;$`, "m").exec(code);
  return overrides[name] ?? Number(declared![3]);
}

interface Pipeline {
  readonly kernel: string;
  readonly width: number;
}

/** A device with these traits that binds at most `bindingBytes` of a buffer at once. */
export function createCountingDevice(traits: Traits, bindingBytes: number): CountingDevice {
  const dispatches: Dispatch[] = [];
  const texts = new Set<string>();
  const buffers = new Set<CountedBuffer>();
  const calls = {
    limits: {
      maxStorageBufferBindingSize: bindingBytes,
      maxBufferSize: Number.MAX_SAFE_INTEGER,
      maxTextureDimension2D: 8192,
    },
    lost: new Promise(() => {}),
    queue: {
      submit: () => {},
      writeBuffer: () => {},
      onSubmittedWorkDone: () => Promise.resolve(),
    },
    addEventListener: () => {},
    pushErrorScope: () => {},
    popErrorScope: () => Promise.resolve(null),
    createBuffer: ({ label = "", size }: GPUBufferDescriptor) => {
      const buffer = { label, size, destroy: () => void buffers.delete(buffer) };
      buffers.add(buffer);
      return buffer;
    },
    createTexture: () => ({ createView: () => ({}), destroy: () => {} }),
    createBindGroup: () => ({}),
    createBindGroupLayout: () => ({}),
    createPipelineLayout: () => ({}),
    createShaderModule: ({ code }: GPUShaderModuleDescriptor) => {
      texts.add(code);
      return { code };
    },
    createComputePipeline: (
      { label, compute: { module, constants = {} } }: {
        readonly label: string;
        readonly compute: {
          readonly module: { readonly code: string };
          readonly constants?: Readonly<Record<string, number>>;
        };
      },
    ): Pipeline => ({ kernel: label, width: workgroupWidth(module.code, constants) }),
    createCommandEncoder: () => ({
      beginComputePass: () => countingPass(dispatches),
      copyBufferToTexture: () => {},
      finish: () => ({}),
    }),
  };
  // The engine calls nothing else of a device.
  const device = calls as unknown as GPUDevice;
  const opened: Device = {
    device,
    loss: watchLoss(device),
    adapter: { name: "counting", kind: "gpu" },
    traits,
    pipelines: createPipelines(device, traits),
    commands: createCommands(),
    profiler: null,
  };
  return { opened, dispatches, texts, buffers };
}

/** A compute pass that notes its dispatches. */
function countingPass(dispatches: Dispatch[]) {
  let pipeline: Pipeline | null = null;
  return {
    setPipeline: (next: Pipeline) => {
      pipeline = next;
    },
    setBindGroup: () => {},
    dispatchWorkgroups: (x: number, y: number) => {
      const { kernel, width } = pipeline!;
      dispatches.push({ kernel, workgroups: x * y, threads: x * y * width });
    },
    end: () => {},
  };
}
