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
