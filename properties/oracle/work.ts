/** What the queue must do next, in order, for what the guest's memory holds now. */
export type Work =
  | {
      readonly kind: "context";
      readonly scope: "global" | "domain" | "device";
      readonly did: number;
      readonly sid: number;
      readonly fm: number;
    }
  | {
      readonly kind: "iotlb";
      readonly scope: "global" | "domain" | "page";
      readonly did: number;
      /** First byte and length in bytes; meaningful for pages alone. */
      readonly iova: bigint;
      readonly length: bigint;
      readonly leafOnly: boolean;
    }
  | {
      readonly kind: "deviceTlb";
      readonly sid: number;
      readonly iova: bigint;
      readonly length: bigint;
    }
  | {
      readonly kind: "pasidDeviceTlb";
      readonly sid: number;
      readonly whose: number | "all";
      readonly iova: bigint;
      readonly length: bigint;
    }
  | {
      readonly kind: "pageGroup";
      readonly whose: number | "none";
      readonly group: number;
      readonly response: "success" | "invalid" | "failure";
    }
  | {
      readonly kind: "pasidCache";
      readonly scope: "global" | "domain" | "pasid";
      readonly did: number;
      readonly pasid: number;
    }
  | {
      readonly kind: "pasidIotlb";
      /** `domain` of version 2.x alone: every PASID. */
      readonly scope: "domain" | "pasid" | "page";
      readonly did: number;
      readonly pasid: number;
      /** First byte and length in bytes; meaningful for pages alone. */
      readonly iova: bigint;
      readonly length: bigint;
      readonly leafOnly: boolean;
    }
  /** An answer that goes to nobody. */
  | { readonly kind: "nothing" }
  | { readonly kind: "interruptEntries"; readonly first: number; readonly count: number }
  | { readonly kind: "allInterruptEntries" }
  | {
      readonly kind: "wait";
      readonly interrupt: boolean;
      /** Where the 4 status bytes go; `undefined` when none are wanted. */
      readonly status: bigint | undefined;
      readonly data: number;
      readonly fence: boolean;
      readonly drain: boolean;
    };
