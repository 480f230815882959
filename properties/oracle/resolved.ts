import { pasidKey } from "./history.ts";
import { keepResolved, keptResolved } from "./kept-answers.ts";
import type { World } from "./oracle.ts";
import { isPasidDirty, pasidValues } from "./pasid-history.ts";
import type { Asked, Resolution, Resolved } from "./resolve.ts";
import { pasidUnder, resolve, withoutPasidEntry, withPasidEntry } from "./resolve.ts";
import { show } from "./show.ts";

/** Everything that the entries of a request may resolve to. */
function past({ unit, histories }: World, sid: number, asked: Asked): Omit<Resolved, "current"> {
  const all: Resolution[] = [];
  const context = histories.contexts.get(sid);
  if (context === undefined) return { all, dirty: false, complete: false };
  let { dirty, complete } = context;
  for (const entry of [...context.values.values(), context.current]) {
    const early = withoutPasidEntry(unit, entry, asked);
    if (early !== undefined) all.push(early);
    if (early !== undefined) continue;
    if (entry.kind !== "directory" && entry.kind !== "extended") continue;
    const used = pasidUnder(unit, entry, asked);
    const history = histories.pasids.get(pasidKey(sid, "pasid" in used ? used.pasid : -1));
    if (history === undefined) {
      complete = false;
      continue;
    }
    complete &&= history.complete;
    if (entry === context.current) dirty ||= isPasidDirty(history);
    all.push(...pasidValues(history).map((value) => withPasidEntry(entry, value, asked)));
  }
  return { all, dirty, complete };
}

function resolveAnew(world: World, sid: number, asked: Asked): Resolved {
  const current = resolve(world.unit, { sid, ...asked }).resolution;
  const { all, dirty, complete } = past(world, sid, asked);
  const unique = new Map(all.map((each) => [show(each), each]));
  unique.set(show(current), current);
  return { current, all: [...unique.values()], dirty, complete };
}

/** What the entries of a request resolve to, and may resolve to. */
export function resolvedOf(world: World, sid: number, asked: Asked): Resolved {
  const { kept } = world;
  if (kept === undefined) return resolveAnew(world, sid, asked);
  const name = `${sid}:${asked.pasid}:${asked.privileged}:${asked.execute}`;
  const known = keptResolved(kept, name, sid);
  if (known !== undefined) return known;
  const resolved = resolveAnew(world, sid, asked);
  keepResolved(kept, name, sid, resolved);
  return resolved;
}
