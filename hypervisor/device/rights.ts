import type { InputOf } from "../../events/input.ts";
import type { Ask } from "../first-stage/first-stage-rules.ts";

/** PASID and rights of a request, as far as it has them. */
export function rightsOf({ pasid, privileged, execute }: Rights): Rights {
  if (pasid === undefined) return {};
  return {
    pasid,
    ...(privileged === true ? { privileged } : {}),
    ...(execute === true ? { execute } : {}),
  };
}

/** What a request with PASID carries. */
export type Rights = Pick<InputOf<"Dma">, "pasid" | "privileged" | "execute">;

/** What is wrong with the rights that a request asks for, or `undefined`. */
export function rightsError({ pasid, privileged, execute }: Rights, write: boolean) {
  const asks = privileged === true || execute === true;
  if (asks && pasid === undefined) return "only a request with PASID asks for rights";
  return write && execute === true ? "a write does not execute" : undefined;
}

/** What a request of one access asks for. */
export const askOf = ({ privileged, execute }: Rights, write: boolean): Ask => ({
  write,
  execute: execute === true,
  privileged: privileged === true,
});
