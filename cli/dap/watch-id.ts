import { gpa, hex } from "../../events/address.ts";
import { formatHandle, parseHandle } from "../../history/query/handle.ts";
import type { Watch } from "../../history/stop/stop.ts";

/** Where a watch is on something that changes: text that an editor keeps. */
export function watchId(watch: Watch): string | undefined {
  switch (watch.on) {
    case "register":
      return `register:${watch.guest.toString()}/${watch.register}`;
    case "memory": {
      const { guest, gpa: address, length } = watch;
      return `memory:${guest.toString()}/${hex(address)}/${length.toString()}`;
    }
    case "page":
      return formatHandle(watch.page);
    default:
      return undefined;
  }
}

/** The watch that a text is: what `watchId` gives, `GSTS`, `entry:0/0x1000` or a page's handle. */
export function watchOfId(text: string): Watch | undefined {
  const [, guest, register] = /^register:(\d{1,3})\/(\w+)$/.exec(text) ?? [];
  if (register !== undefined) return { on: "register", guest: Number(guest), register };
  const [, of, address, length] =
    /^memory:(\d{1,3})\/(0x[0-9a-f]{1,16})\/(\d{1,4})$/.exec(text) ?? [];
  if (address !== undefined) {
    return { on: "memory", guest: Number(of), gpa: gpa(BigInt(address)), length: Number(length) };
  }
  if (/^[A-Z]\w*$/.test(text)) return { on: "register", guest: 0, register: text };
  const handle = parseHandle(text);
  if (handle?.kind === "page") return { on: "page", page: handle };
  if (handle?.kind !== "entry") return undefined;
  return { on: "memory", guest: handle.guest, gpa: handle.gpa, length: 8 };
}
