import type { Profile } from "../../events/profile/profile.ts";
import { descriptorTypes } from "../../events/queue/descriptor-scope.ts";
import { IotlbDescriptor } from "../../events/queue/descriptors.ts";
import {
  ExtendedIotlbDescriptor,
  ExtendedPasidCacheDescriptor,
} from "../../events/queue/extended-layouts.ts";
import {
  PasidCacheDescriptor,
  PasidIotlbDescriptor,
} from "../../events/queue/scalable-descriptors.ts";
import { isExtended, isScalable } from "../../projections/context/context-path.ts";
import type { Guest } from "../../projections/guest.ts";
import type { HostEntry } from "../../projections/host/host-entry.ts";
import { hostsWhere } from "../../projections/host/host-entry.ts";

/** What a domain has cached, or a PASID's first stage where the request has one. */
export function wholeOf({ did, space, tag }: HostEntry, { ecs }: Profile): bigint {
  if (space !== undefined && tag !== undefined) {
    const { g } = (ecs ? ExtendedIotlbDescriptor : PasidIotlbDescriptor).fields;
    const of = { did, pasid: tag, g: g.names.pasid };
    return PasidIotlbDescriptor.encode({ type: descriptorTypes.pasidIotlb, ...of });
  }
  const { g } = IotlbDescriptor.fields;
  return IotlbDescriptor.encode({ type: descriptorTypes.iotlb, g: g.names.domain, did });
}

/** What makes a unit forget its PASID entries: version 2.x has no global granularity. */
export function everyPasid(guest: Guest): readonly bigint[] {
  const type = descriptorTypes.pasidCache;
  if (isScalable(guest)) {
    const { g } = PasidCacheDescriptor.fields;
    return [PasidCacheDescriptor.encode({ type, g: g.names.global })];
  }
  if (!isExtended(guest) || !guest.profile.pasid) return [];
  const { g } = ExtendedPasidCacheDescriptor.fields;
  const dids = new Set(
    hostsWhere(guest.hosts, ({ pasid }) => pasid !== undefined).map(({ did }) => did),
  );
  return [...dids].map((did) =>
    ExtendedPasidCacheDescriptor.encode({ type, g: g.names.domain, did }),
  );
}
