import { hex } from "../../events/address.ts";

/** A message as both sides write it. */
export const messageText = (address: bigint, data: bigint): string =>
  `${hex(address)} with ${hex(data)}`;
