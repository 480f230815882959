/** A device that does DMA, at one of the source-ids that the generated worlds use. */
export interface Requester {
  /** The source-id of its configuration space. */
  readonly bdf: number;
  /** The source-id that its requests carry, where that is another one. */
  readonly alias?: number;
}

/** The devices of every target's machine. */
export const requesters: readonly Requester[] = [
  { bdf: 0x10 },
  { bdf: 0x20 },
  { bdf: 0x24 },
  { bdf: 0x1c0 },
  { bdf: 0x208, alias: 0x200 },
];

/** The source-id that a device's requests carry. */
export const requesterOf = (device: number): number =>
  requesters.find(({ bdf }) => bdf === device)?.alias ?? device;

/** RAM: first byte and length of each part. What a q35 machine with 3 GiB has. */
export const ram = [
  { base: 0n, length: 0xa_0000n },
  { base: 0x10_0000n, length: 0x7ff0_0000n },
  { base: 0x1_0000_0000n, length: 0x4000_0000n },
] as const;

/** Whether bytes are in RAM, all of them. */
export const isRam = (address: bigint, length: number): boolean =>
  ram.some(({ base, length: all }) => address >= base && address + BigInt(length) <= base + all);
