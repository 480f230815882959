/** A range of pages: its first byte and its length in bytes. */
export interface Range {
  readonly address: bigint;
  readonly length: bigint;
}

/** Whose page request an answer is for, beside source-id and group. */
interface Answered {
  readonly sid: number;
  readonly pasid: number | undefined;
  readonly group: number;
  /** Private data of the request, which goes back to the device; 23 bits. */
  readonly data: number;
  readonly response: "success" | "invalid" | "failure";
}

/** What one descriptor of a queue of VT-d 2.x asks for. */
export type ExtendedWork =
  | {
      readonly kind: "context";
      readonly scope: "global" | "domain" | "device";
      readonly did: number;
      readonly sid: number;
      /** How many function bits, from bit 2 down, are left out of the comparison. */
      readonly mask: number;
    }
  | ({
      readonly kind: "iotlb";
      readonly scope: "global" | "domain" | "page";
      readonly did: number;
      readonly leafOnly: boolean;
    } & Range)
  | ({ readonly kind: "deviceTlb"; readonly sid: number } & Range)
  | {
      readonly kind: "interruptEntries";
      readonly first: number;
      /** Nothing: all of them. */
      readonly count: number | undefined;
    }
  | {
      readonly kind: "wait";
      readonly interrupt: boolean;
      readonly status: bigint | undefined;
      readonly data: number;
      readonly fence: boolean;
      readonly drain: boolean;
    }
  | ({
      readonly kind: "extendedIotlb";
      readonly scope: "all" | "notGlobal" | "pasid" | "page";
      readonly did: number;
      readonly pasid: number;
      readonly leafOnly: boolean;
      /** Global pages of the range too. */
      readonly global: boolean;
    } & Range)
  | {
      readonly kind: "pasidCache";
      readonly scope: "domain" | "pasid";
      readonly did: number;
      readonly pasid: number;
    }
  | ({
      readonly kind: "extendedDeviceTlb";
      readonly sid: number;
      readonly pasid: number | "all";
    } & Range)
  | ({ readonly kind: "groupAnswer" } & Answered)
  | ({ readonly kind: "streamAnswer"; readonly address: bigint } & Answered);
