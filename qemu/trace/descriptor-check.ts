import { hex } from "../../events/address.ts";
import type { Profile } from "../../events/profile/profile.ts";
import { profiles } from "../../events/profile/profiles.ts";
import { descriptorReserved, descriptorType } from "../../events/queue/descriptor-scope.ts";
import { IotlbDescriptor } from "../../events/queue/descriptors.ts";
import type { Judge } from "./finding.ts";
import type { Invalidated } from "./observation.ts";
import { descriptorText, kindOf, reachOf, specOf } from "./reach.ts";

/** The bits that are set in a mask, as ranges: `15:12, 8`. */
function bitsText(mask: bigint): string {
  const parts: string[] = [];
  for (let lsb = 0; lsb < 256; lsb++) {
    if (((mask >> BigInt(lsb)) & 1n) === 0n) continue;
    let msb = lsb;
    while (((mask >> BigInt(msb + 1)) & 1n) === 1n) msb += 1;
    parts.push(msb === lsb ? lsb.toString() : `${msb.toString()}:${lsb.toString()}`);
    lsb = msb;
  }
  return parts.reverse().join(", ");
}

/** What is wrong with a descriptor, or `undefined`. */
function faultOf({ words, upper }: Invalidated, profile: Profile | undefined): string | undefined {
  const spec = specOf(words);
  if (spec === undefined) return `type ${hex(descriptorType(words))} does not exist`;
  if (profile !== undefined && !spec.supported(profile)) {
    return `the unit does not know ${spec.name} descriptors`;
  }
  // Without a profile what depends on a capability is taken to be there.
  const known = profile ?? profiles["everything-scalable"];
  // Of the upper half nothing is known where it is 0, be the queue as wide as it may.
  const set = descriptorReserved(spec.type, known, 256) & ((upper << 128n) | words);
  if (set !== 0n) return `reserved bits ${bitsText(set)} are set`;
  const { granularity } = reachOf(words);
  if (granularity === "reserved") return "its granularity is a reserved code";
  // The unit leaves out as many low bits of the address as the mask says: it need not be aligned.
  const { am } = IotlbDescriptor.decode(words);
  if (granularity === "page" && spec.name === "iotlb" && profile !== undefined) {
    const { mamv } = profile;
    if (am > mamv) return `address mask ${am.toString()} is more than CAP.MAMV, ${mamv.toString()}`;
  }
  return undefined;
}

/**
 * Decodes a descriptor by the tables of the specification.
 *
 * @param profile  what the unit supports; when missing, it is taken to know every descriptor.
 */
export function checkDescriptor(
  seen: Invalidated,
  profile: Profile | undefined,
  judge: Judge,
): void {
  if (seen.via === "unknown") judge.notObservable("invalidation: who asked for it, and how");
  if (seen.via !== "queue") return;
  const fault = faultOf(seen, profile);
  if (fault === undefined) judge.agree();
  else {
    const { words, upper, line } = seen;
    const value = hex((upper << 128n) | words);
    const what = specOf(words) === undefined ? kindOf(words) : descriptorText(words);
    judge.disagree("malformedDescriptor", line, `${what} (${value}): ${fault}`);
  }
}
