import { address, flag, uint } from "../layout/layout-field.ts";

/** Fields that several kinds of descriptor have at the same place. */
export const type = uint([3, 0], "Type, bits 3:0.");
export const typeHigh = uint([11, 9], "Type, bits 6:4.");
export const did = uint([31, 16], "Domain-id.");
export const pasid = uint([51, 32], "Process address space id.");
export const am = uint([69, 64], "The descriptor covers 2^AM pages, aligned.");
export const ih = flag(70, "Only leaf entries changed.");
export const addr = address([127, 76], "The first page.");
export const pfsidLow = uint([15, 12], "Source-id of the physical function, bits 3:0.");
export const pfsidHigh = uint([63, 52], "Source-id of the physical function, bits 15:4.");

/** Codes of a context-cache invalidation's granularity, in a descriptor as in CCMD. */
export const contextGranularities = { global: 1, domain: 2, device: 3 } as const;

/** Codes of an IOTLB invalidation's granularity, in a descriptor as in the IOTLB register. */
export const iotlbGranularities = { global: 1, domain: 2, page: 3 } as const;

/** Codes of the bits of the function number that a context-cache invalidation leaves out. */
export const functionMaskCodes = { exact: 0, bit2: 1, bits21: 2, bits210: 3 } as const;
