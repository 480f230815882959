import type { Setup } from "../../events/setup.ts";
import { knowledgeOf } from "../../explain/state/known-walk.ts";
import type { Request } from "../../history/explanation.ts";
import type { Translation } from "../../hypervisor/translate/three-answers.ts";
import { renderJson } from "../render/json.ts";
import { assumedText, renderUnknownWalk, unknownWalkJson } from "../render/unknown-walk.ts";
import type { Run } from "../run.ts";
import type { LookupOptions } from "./lookup.ts";

/**
 * Tells of a walk that comes to an entry which nobody knows, in a log that was made of a dump: the
 * walk as far as it is known, with exit code 3; and of one that met what was chosen.
 *
 * @returns whether the walk came to such an entry, and nothing more can be told of it.
 */
export function tellUnknown(
  run: Run,
  { guests }: Setup,
  { guest, json }: LookupOptions,
  { walk, request }: { readonly walk: Translation; readonly request: Request },
): boolean {
  const { terminal } = run;
  const { unknownAt, assumed } = knowledgeOf(walk, guests[guest]?.known);
  if (!json) terminal.out(assumedText(walk, assumed));
  if (unknownAt === undefined) return false;
  const view = { walk, request, unknownAt };
  terminal.out(json ? renderJson(unknownWalkJson(view)) : renderUnknownWalk(terminal, view));
  run.learnNothing();
  return true;
}
