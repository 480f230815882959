import { bit, bits } from "./word.ts";

/**
 * Why no descriptor at all may be fetched, as an IQEI: a table mode that the unit has not (7), or a
 * width that it has not, or not in this mode (5). Descriptors of 256 bits are for scalable mode and
 * for aborted DMA; in scalable mode those of 128 bits are none.
 *
 * @param root  RTADDR as latched.
 * @param wide  whether the queue's descriptors have 256 bits.
 */
export function unfit(root: bigint, ecap: bigint, wide: boolean): number | undefined {
  const [scalable, abort] = [bit(ecap, 43), bit(ecap, 52)];
  const mode = bits(root, 11, 10);
  const extended = mode === 2 && bit(ecap, 24);
  if (!(mode === 0 || extended || (mode === 1 && scalable) || (mode === 3 && abort))) return 7;
  if (wide) return scalable || abort ? undefined : 5;
  return mode === 1 ? 5 : undefined;
}
