import type { SourceId } from "../../events/address.ts";
import { ScalableContextEntry } from "../../events/context/scalable-context-entry.ts";
import type { Input } from "../../events/input.ts";
import { Rtaddr } from "../../events/registers/command.ts";
import { at } from "../../events/registers/offset.ts";
import { Iqa } from "../../events/registers/queue.ts";
import { command, memory, qie, srtp, te, write8 } from "../../properties/examples/driver.ts";
import { words } from "../../properties/examples/scalable-driver.ts";
import type { Configuration } from "../engine/configuration.ts";
import type { PasidsGhost } from "./pasids-ghost.ts";
import { firstStages, judgePasids, pasids, pasidsStart, tellPasids } from "./pasids-ghost.ts";
import {
  cacheInvalidations,
  changing,
  entryBits,
  entryWrites,
  iotlbInvalidations,
  leafWrites,
  pasidTable,
  requests,
  writesEntry,
} from "./pasids-moves.ts";
import { devices, gpaOf, place, smallGuest } from "./small-guest.ts";

const [device] = devices;
const directory = 14;

const context = (of: SourceId): Input =>
  memory(
    gpaOf(place.contexts) + BigInt(of) * 32n,
    ...words(
      ScalableContextEntry.encode({
        ...{ present: true, fpd: true, paside: true, pasiddirptr: gpaOf(directory) },
      }),
      4,
    ),
  );

/** Scopes of invalidations by PASID. */
export const pasidScopes: Configuration<PasidsGhost> = {
  name: "pasids",
  question:
    "In scalable mode, does each PASID go where its entry and its first stage say, or said at " +
    "some time since an invalidation that covers it, whatever the scopes of the invalidations " +
    "between?",
  setup: {
    guests: [
      smallGuest({
        ecap: { smts: true, smpwcs: true, ssts: true, flts: true, pasid: true, pss: 19 },
        devices: [{ device, physical: true }],
      }),
    ],
  },
  boot: [
    memory(gpaOf(place.root), gpaOf(place.contexts) | 1n, 0n),
    context(device),
    memory(gpaOf(directory) + BigInt(pasids[0] >> 6) * 8n, gpaOf(pasidTable) | 1n),
    writesEntry(changing, undefined),
    writesEntry(pasids[1], firstStages[0]),
    ...firstStages.flatMap(({ tables: [l4, l3, l2, l1] }) => [
      memory(gpaOf(l4), gpaOf(l3) | entryBits),
      memory(gpaOf(l3), gpaOf(l2) | entryBits),
      memory(gpaOf(l2), gpaOf(l1) | entryBits),
    ]),
    write8(
      at.rtaddr,
      Rtaddr.encode({ rta: gpaOf(place.root), ttm: Rtaddr.fields.ttm.names.scalable }),
    ),
    command(srtp),
    command(te),
    write8(at.iqa, gpaOf(place.ring) | Iqa.mask("dw")),
    command(te | qie),
  ],
  layout: { pages: new Map([[place.ring, { holds: "descriptors" }]]), rolling: true },
  alike: [],
  ghost: pasidsStart,
  moves: [...entryWrites, ...leafWrites, ...cacheInvalidations, ...iotlbInvalidations, ...requests],
  laws: ["IS1", "QU1", "QU2", "IV6"],
  sometimes: ["landed", "fault", "one of several"],
  judge: (ghost, steps, _world, count) => judgePasids(ghost, steps, count),
  tell: tellPasids,
};
