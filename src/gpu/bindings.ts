import { recordOf } from "../model/ops/registry.ts";
import type { Op, Tensor } from "../model/plan.ts";
import type { GrowingBuffer } from "./allocation.ts";
import type { Copy, Part } from "./copies.ts";
import { lookUp, type Stored } from "./device_memory.ts";
import type { Host } from "./host.ts";
import { bindingOf, partOf, type Piece } from "./pieces.ts";
import { DIMS_STRIDE, nameOf, plainName } from "./pipelines.ts";
import { type Scheduled, weightInput } from "./schedule.ts";

/** The bind group of a piece, and the textures in it. */
interface Group {
  /** Names the form of the kernel and the number of rows that the group is for. */
  readonly form: string;
  readonly group: GPUBindGroup;
  /** One for each input that the form reads as a texture. */
  readonly copies: ReadonlyArray<Copy>;
}

/** The bind groups of a program. */
export interface Bindings {
  readonly bufferOf: (tensor: Tensor) => GPUBuffer;
  /** The bind group of a dispatch, and its textures with the part of a buffer that each must hold. */
  readonly bind: (scheduled: Scheduled) => {
    readonly group: GPUBindGroup;
    readonly reads: ReadonlyArray<{ readonly copy: Copy; readonly part: Part }>;
  };
  /** Forgets all groups, when a buffer in them is gone. */
  readonly clear: () => void;
}

/** Bind groups over the tensors of a program, each made when it is first asked for. */
export function createBindings(
  store: ReadonlyMap<string, Stored>,
  { uniform, partials }: Readonly<Record<"uniform" | "partials", GrowingBuffer>>,
  { device, pipelines, memory: { copies }, bindingBytes }: Host,
): Bindings {
  /** The groups of each op, by the kernel and the first row of the piece. */
  const groups = new Map<Op, Map<string, Group>>();
  const bufferOf = (tensor: Tensor) => lookUp(store, tensor.name).buffer;
  const part = (piece: Piece, input: number) => {
    const tensor = piece.op.inputs[input]!;
    return partOf(piece, tensor, bufferOf(tensor));
  };

  // Activations share textures and are copied again where needed: a texture for each would double their memory.
  const copyOf = (piece: Piece, input: number, taken: ReadonlyArray<Copy>): Copy => {
    const { op } = piece;
    const tensor = op.inputs[input]!;
    const isWeight = input === weightInput(op);
    return tensor.role === "scratch" && !isWeight
      ? copies.share(part(piece, input), taken)
      : copies.own(bufferOf(tensor), isWeight ? "uint" : "float");
  };

  /** What stands for each tensor of a piece, by its plain name. */
  const resourcesOf = (piece: Piece, views: ReadonlyArray<readonly [number, GPUTextureView]>) => {
    const { op } = piece;
    const { inputs, optional = [], outputs } = recordOf(op);
    const byInput = new Map(views);
    const bound = (tensor: Tensor) => bindingOf(piece, tensor, bufferOf(tensor), bindingBytes);
    const names = [...inputs, ...optional];
    return new Map<string, GPUBindingResource>([
      ...op.inputs.map((tensor, i) =>
        [plainName(names[i]!), byInput.get(i) ?? bound(tensor)] as const
      ),
      ...op.outputs.map((tensor, i) => [plainName(outputs[i]!), bound(tensor)] as const),
    ]);
  };

  const makeGroup = ({ piece, form }: Scheduled, key: string): Group => {
    const { op } = piece;
    const read: Copy[] = [];
    for (const input of form.textures) read.push(copyOf(piece, input, read));
    const { layout, bindings } = pipelines.interfaceOf(form);
    const resources = resourcesOf(piece, form.textures.map((input, i) => [input, read[i]!.view]));
    const entries = bindings.map(({ binding, name }): GPUBindGroupEntry => ({
      binding,
      resource: resources.get(name) ?? { buffer: partials.buffer() },
    }));
    const dims = { binding: 0, resource: { buffer: uniform.buffer(), size: DIMS_STRIDE } };
    const group = device.createBindGroup({ label: op.kind, layout, entries: [dims, ...entries] });
    return { form: key, group, copies: read };
  };

  const entryOf = (scheduled: Scheduled): Group => {
    const { piece: { op, stretch }, form } = scheduled;
    // The form of an op can change with the number of rows, and its bindings with it.
    const key = `${nameOf(form)} ${stretch?.count}`;
    const ofOp = groups.get(op) ?? new Map<string, Group>();
    groups.set(op, ofOp);
    const place = `${form.kernel} ${stretch?.first ?? 0}`;
    const known = ofOp.get(place);
    const entry = known?.form === key ? known : makeGroup(scheduled, key);
    ofOp.set(place, entry);
    return entry;
  };

  return {
    bufferOf,
    bind: (scheduled) => {
      const { group, copies } = entryOf(scheduled);
      const { piece, form } = scheduled;
      const reads = copies.map((copy, i) => ({ copy, part: part(piece, form.textures[i]!) }));
      return { group, reads };
    },
    clear: () => groups.clear(),
  };
}
