/** What an adapter decides about kernels of the family `tiles`: sizes that change times, and no bits. */

/** Sizes of workgroups and of what they hold. */
export interface Choices {
  /** Rows and columns of a product that a workgroup holds in registers. */
  readonly tileSide: number;
  /** Numbers of that tile that an invocation owns. */
  readonly tileOutputs: number;
  /** Minimum rows of a product for which tiles pay; fewer are summed in slices. */
  readonly tileRows: number;
  /** Maximum rows of a workgroup that sums slices. */
  readonly sliceRows: number;
  /** Workgroups of a product in slices where it has the features and at most four rows: more would read rows again. */
  readonly sliceGroups: number;
  /** Workgroups of a product with adapters where it has the features: more would sum x Aᵀ more often. */
  readonly adaptedGroups: number;
  /** Minimum invocations of a workgroup of kernels with one invocation for each item. */
  readonly flatWidth: number;
}

/** The choices for an adapter that was not tuned. */
export const USUAL: Choices = {
  tileSide: 64,
  tileOutputs: 32,
  tileRows: 32,
  sliceRows: 16,
  sliceGroups: 256,
  adaptedGroups: 512,
  flatWidth: 32,
};

/**
 * What `tune` may choose instead, one of each list. All fit 256 invocations and 16 KiB of workgroup memory, which every
 * adapter of WebGPU allows.
 */
export const OPTIONS = {
  tile: [
    { tileSide: 64, tileOutputs: 16 },
    { tileSide: 32, tileOutputs: 16 },
    { tileSide: 128, tileOutputs: 64 },
  ],
  tileRows: [8, 16, 64, 128].map((tileRows) => ({ tileRows })),
  sliceRows: [8, 4].map((sliceRows) => ({ sliceRows })),
  sliceGroups: [1, 128, 512].map((sliceGroups) => ({ sliceGroups })),
  adaptedGroups: [128, 256, 1024].map((adaptedGroups) => ({ adaptedGroups })),
  flatWidth: [64, 128, 256].map((flatWidth) => ({ flatWidth })),
} as const satisfies Readonly<Record<string, ReadonlyArray<Partial<Choices>>>>;

/** The choices that numbers in a file stand for; what is no option is as usual. */
export function choicesOf(kept: Readonly<Record<string, number>>): Choices {
  const lists: ReadonlyArray<ReadonlyArray<Partial<Choices>>> = Object.values(OPTIONS);
  return lists.reduce((choices, options) => {
    const chosen = options.find((option) =>
      Object.entries(option).every(([name, value]) => kept[name] === value)
    );
    return { ...choices, ...chosen };
  }, USUAL);
}
