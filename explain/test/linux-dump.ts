import { formatSourceId, hex } from "../../events/address.ts";
import type { GuestSetup } from "../../events/setup.ts";
import type { Request } from "../../history/explanation.ts";
import type { Translation, TranslationStep } from "../../hypervisor/translate/three-answers.ts";

const word = (entry: bigint, at: number): bigint => BigInt.asUintN(64, entry >> BigInt(64 * at));
const whole = (value: bigint): string => `0x${value.toString(16).padStart(16, "0")}`;

/** The lines of one entry, as Linux 6.13 and later print them. */
function entryLines(
  { table, level, address, entry: read }: TranslationStep,
  scalable: boolean,
): string[] {
  // A request reads one half of a root entry, and both are printed.
  const isUpper = scalable && table === "root" && address % 16n === 8n;
  const entry = isUpper ? read << 64n : read;
  const pair = `hi ${whole(word(entry, 1))}, low ${whole(word(entry, 0))}`;
  switch (table) {
    case "root":
      return [
        scalable ? `scalable mode root entry: ${pair}` : `root entry: ${whole(word(entry, 0))}`,
      ];
    case "context":
      return [`context entry: ${pair}`];
    case "PASID directory":
      return [`pasid dir entry: ${whole(entry)}`];
    case "PASID entry":
      return Array.from({ length: 8 }, (_, at) => {
        return `pasid table entry[${at}]: ${whole(word(entry, at))}`;
      });
    default:
      return [`pte level: ${level ?? 0}, pte value: ${whole(entry)}`];
  }
}

/** A fault as Linux prints it, with the words of no reason. */
export function faultLine({ device, iova, access, asked }: Request, reason: number): string {
  const space = asked.pasid === undefined ? "NO_PASID" : `PASID 0x${asked.pasid.toString(16)}`;
  const kind = access === "read" ? "Read" : "Write";
  const where = `[${formatSourceId(device)}] fault addr 0x${(iova & ~0xfffn).toString(16)}`;
  const code = `0x${reason.toString(16).padStart(2, "0")}`;
  return `DMAR: [DMA ${kind} ${space}] Request device ${where} [fault reason ${code}] Unknown`;
}

/** The kernel's line of a unit, and the one of the table's host address width. */
export const unitLines = ({ ver, cap, ecap, haw }: GuestSetup): readonly string[] => [
  `DMAR: Host address width ${haw ?? 39}`,
  `DMAR: dmar0: reg_base_addr fed90000 ver 1:${(ver & 15n).toString(16)} ` +
    `cap ${cap.toString(16)} ecap ${ecap.toString(16)}`,
];

/** What Linux prints of a walk's entries. */
export function dumpLines({ iova }: Request, { steps, scalable }: Translation): readonly string[] {
  const lines = steps
    .filter(({ below }) => !below)
    .flatMap((step) => entryLines(step, scalable))
    .map((line) => `DMAR: ${line}`);
  return [`DMAR: Dump dmar0 table entries for IOVA ${hex(iova)}`, ...lines];
}
