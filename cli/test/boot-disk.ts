import { truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/**
 * A boot sector that enters protected mode and then, with plain stores: links a context table from
 * the root at 10000 and latches it; writes the context entry of 00:04.0 in two halves, the one that
 * is present first; turns translation on; links tables of three levels; takes the context entry
 * back; writes to the page that was mapped; and turns the machine off.
 */
export const bootSector = [
  "fa31c08ed8660f0116b07c0f20c00c010f22c066ea1b7c0000080066b810008ed8bb0000d9fe",
  "c7050000010001100100c7432000000100c7431800000040",
  "c7050012010001200100c7050812010001010000c7431800000080",
  "c7050020010003300100c7050030010003400100c7050040010003500100",
  "c7050012010000000000c605005001000166ba040666b8002066eff4",
].join("");
/** The sector's table of segments, at 7c98, and what loads it. */
const segments = "0000000000000000ffff0000009acf00ffff00000092cf001700987c0000";

/** A disk of one MiB with such a sector; the firmware reads none that is smaller. */
export function bootDisk(folder: string, code = bootSector): string {
  const sector = Buffer.alloc(512);
  sector.write(code, "hex");
  sector.write(segments, 0x98, "hex");
  sector.writeUInt16LE(0xaa55, 510);
  const disk = join(folder, "disk");
  writeFileSync(disk, sector);
  truncateSync(disk, 1 << 20);
  return disk;
}
