/**
 * What the kernels of Linux and Xen call a fault reason. Their numbers are decimal in some versions
 * and hexadecimal in others, so that the words are the check of the number.
 */
const rows: readonly (readonly [number, RegExp])[] = [
  [0x01, /^Present bit in root entry is clear/],
  [0x02, /^Present bit in context entry is clear/],
  [0x03, /^Invalid context entry/],
  [0x04, /^Access beyond MGAW/],
  [0x05, /^PTE Write access is not set/],
  [0x06, /^PTE Read access is not set/],
  [0x07, /^Next page table ptr is invalid/],
  [0x08, /^Root table address invalid/],
  [0x09, /^Context table ptr is invalid/],
  [0x0a, /^non-zero reserved fields in RTP/],
  [0x0b, /^non-zero reserved fields in CTP/],
  [0x0c, /^non-zero reserved fields in PTE/],
  [0x0d, /^(?:PCE for translation request specifies blocking|Blocked a DMA translation request)/],
  [0x20, /^Detected reserved fields in the decoded interrupt-remapped request/],
  [0x21, /^Interrupt index exceeded the interrupt-remapping table size/],
  [0x22, /^Present field in the IRTE entry is clear/],
  [0x23, /^Error accessing interrupt-remapping table pointed by IRTA_REG/],
  [0x24, /^Detected reserved fields in the IRTE entry/],
  [0x25, /^Blocked a compatibility format interrupt request/],
  [0x26, /^Blocked an interrupt request due to source-id verification failure/],
  [0x30, /^SM: Invalid Root Table Address/],
  [0x31, /^SM: TTM 0 for request with PASID/],
  [0x32, /^SM: TTM 0 for page group request/],
  [0x38, /^SM: Error attempting to access Root Entry/],
  [0x39, /^SM: Present bit in Root Entry is clear/],
  [0x3a, /^SM: Non-zero reserved field set in Root Entry/],
  [0x40, /^SM: Error attempting to access Context Entry/],
  [0x41, /^SM: Present bit in Context Entry is clear/],
  [0x42, /^SM: Non-zero reserved field set in the Context Entry/],
  [0x43, /^SM: Invalid Context Entry/],
  [0x44, /^SM: DTE field in Context Entry is clear/],
  [0x45, /^SM: PASID Enable field in Context Entry is clear/],
  [0x46, /^SM: PASID is larger than the max in Context Entry/],
  [0x47, /^SM: PRE field in Context-Entry is clear/],
  [0x48, /^SM: RID_PASID field error in Context-Entry/],
  [0x50, /^SM: Error attempting to access the PASID Directory Entry/],
  [0x51, /^SM: Present bit in Directory Entry is clear/],
  [0x52, /^SM: Non-zero reserved field set in PASID Directory Entry/],
  [0x58, /^SM: Error attempting to access PASID Table Entry/],
  [0x59, /^SM: Present bit in PA(?:SID Table Entry is clear|\$)/],
  [0x5a, /^SM: Non-zero reserved field set in PASID Table Entry/],
  [0x5b, /^SM: Invalid Scalable-Mode PASID Table Entry/],
  [0x5c, /^SM: ERE field is clear in PASID Table Entry/],
  [0x5d, /^SM: SRE field is clear in PASID Table Entry/],
  [0x70, /^SM: Error attempting to access first-level paging entry/],
  [0x71, /^SM: Present bit in first-level paging entry is clear/],
  [0x72, /^SM: Non-zero reserved field set in first-level paging entry/],
  [0x73, /^SM: Error attempting to access FL-PML4 entry/],
  [0x74, /^SM: First-level entry address beyond MGAW in Nested translation/],
  [0x75, /^SM: Read permission error in FL-PML4 entry in Nested translation/],
  [0x76, /^SM: Read permission error in first-level paging entry in Nested translation/],
  [0x77, /^SM: Write permission error in first-level paging entry in Nested translation/],
  [0x78, /^SM: Error attempting to access second-level paging entry/],
  [0x79, /^SM: Read\/Write permission error in second-level paging entry/],
  [0x7a, /^SM: Non-zero reserved field set in second-level paging entry/],
  [0x7b, /^SM: Invalid second-level page table pointer/],
  [0x7c, /^SM: A\/D bit update needed in second-level entry when set up in no snoop/],
  [0x80, /^SM: Address in first-level translation is not canonical/],
  [0x81, /^SM: U\/S set 0 for first-level translation with user privilege/],
  [0x82, /^SM: No execute permission for request with PASID and ER=1/],
  [0x83, /^SM: Address beyond the DMA hardware max/],
  [0x84, /^SM: Second-level entry address beyond the max/],
  [0x85, /^SM: No write permission for Write\/AtomicOp request/],
  [0x86, /^SM: No read permission for Read\/AtomicOp request/],
  [0x87, /^SM: Invalid address-interrupt address/],
  [0x90, /^SM: A\/D bit update needed in first-level entry when set up in no snoop/],
];

/** The reason that words name; `undefined` for none of those that are known. */
export const reasonOfWords = (words: string): number | undefined =>
  rows.find(([, form]) => form.test(words))?.[0];

/** A reason, and what is wrong with how it is told. */
export interface ToldReason {
  readonly reason: number | undefined;
  /** The words are those of a reason that is known. */
  readonly isNamed?: true;
  readonly doubt?: string;
}

/** How a number without a mark of its base is meant. */
type Base = "decimal" | "hexadecimal";

function numberOf(digits: string, base: Base): number | undefined {
  const marked = /^0x([0-9a-f]{1,2})$|^([0-9a-f]{1,2})h$/i.exec(digits);
  if (marked !== null) return Number.parseInt(marked[1] ?? marked[2] ?? "", 16);
  if (base === "decimal") return /^\d{1,3}$/.test(digits) ? Number(digits) : undefined;
  return /^[0-9a-f]{1,2}$/i.test(digits) ? Number.parseInt(digits, 16) : undefined;
}

/** The reason that a number with words behind it tells. Where they differ, the words count. */
export function toldReason(digits: string, words: string, base: Base): ToldReason {
  const reason = numberOf(digits, base);
  const named = reasonOfWords(words);
  if (named === undefined) return { reason };
  if (reason === undefined || reason === named) return { reason: named, isNamed: true };
  const is = named.toString(16).toUpperCase();
  return {
    reason: named,
    isNamed: true,
    doubt: `the line says ${digits}, but its words are those of ${is}h`,
  };
}
