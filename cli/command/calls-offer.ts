import type { HostAbilities } from "../../calls/host-abilities.ts";
import { ableHost } from "../../calls/host-abilities.ts";
import { offerOn } from "../../calls/host-offer.ts";
import { gpaOfPage, hex } from "../../events/address.ts";
import type { Guest } from "../../projections/guest.ts";
import type { World } from "../../projections/world.ts";
import { hasFrame } from "../../tables/mapping.ts";
import { capacity } from "../../tables/page-tree.ts";
import { forEachSlot } from "../../tables/page-tree-range.ts";
import { renderTable } from "../render/table.ts";
import type { Run } from "../run.ts";

/** The first guest address beyond all that the P2M has. */
function memoryEnd({ p2m }: Guest): bigint {
  let end = 0;
  forEachSlot(p2m, 0, capacity(p2m), (page, count, value) => {
    if (hasFrame(value)) end = page + count;
  });
  return gpaOfPage(end);
}

/** Tells what a guest's unit may offer on a host; what cannot be is a difference. */
export function tellOffer(
  run: Run,
  world: World,
  options: { readonly guest: number; readonly host?: HostAbilities; readonly json?: true },
): void {
  const guest = world.guests[options.guest];
  if (guest === undefined) return;
  const { ver, cap, ecap, haw } = guest.offered;
  const offer = offerOn({ ver, cap, ecap, haw }, options.host ?? ableHost, memoryEnd(guest));
  const { words, limited, refused } = offer;
  if (refused.length > 0) run.differ();
  if (options.json) {
    const plain = { cap: hex(words.cap), ecap: hex(words.ecap), haw: words.haw, limited, refused };
    run.terminal.out(`${JSON.stringify(plain)}\n`);
    return;
  }
  const rows = [
    ["CAP", hex(cap), hex(words.cap)],
    ["ECAP", hex(ecap), hex(words.ecap)],
    ...limited.map(({ field, wanted, offered }) => [field, wanted, offered]),
  ];
  run.terminal.out(renderTable(run.terminal, ["field", "unit", "offered"], rows));
  for (const reason of refused) {
    run.terminal.out(`guest ${options.guest.toString()}: refused: ${reason}\n`);
  }
}
