import { formatSourceId, hex, pageOf } from "../../events/address.ts";
import type { FactOf } from "../../events/fact.ts";
import type { Access, InputOf } from "../../events/input.ts";
import type { Step } from "../../history/step.ts";
import { fold } from "../../hypervisor/fold.ts";
import type { Answers } from "../oracle/answers.ts";
import type { Answer } from "../oracle/compose.ts";
import { follow, givenAt, newDeviceBook } from "./device-book.ts";
import { hostRefusal, isMessage } from "./host-refusals.ts";
import type { Law } from "./law.ts";
import type { Probe } from "./probes.ts";
import { sightOf } from "./probes.ts";
import { find } from "./requests.ts";
import { guestIndex } from "./run.ts";
import { allowedAnswers, lands } from "./translation-answers.ts";

type Told = FactOf<"DeviceTranslationAnswered">;
type Asked = InputOf<"DeviceTranslate">;

const sizes = ["4K", "2M", "1G", "512G", "256T"];

/** Where a byte lies and in how large a page, for one access. */
function placeOf({ guest, composed }: Answer): string | undefined {
  return "gpa" in guest && "hpa" in composed ? hex(pageOf(guest.gpa)) : undefined;
}

/** Whether addresses of interrupts are among those of a page. */
const overlapsMessages = (first: bigint, bytes: bigint): boolean =>
  first <= 0xfeef_ffffn && first + bytes > 0xfee0_0000n;

/** Why the page that is told is not one of those that are right, or nothing. */
function checkPage(asked: Asked, told: Told, access: Access, allowed: readonly Answers[]) {
  const { gpa = 0n, size = "4K", mask = 0n, read, write } = told;
  const bytes = 4096n << BigInt(9 * sizes.indexOf(size));
  if (mask !== BigInt.asUintN(64, -bytes)) return `the mask of ${size} is ${hex(mask)}`;
  if (gpa % bytes !== 0n) return `${hex(gpa)} is no place for ${size}`;
  const page = hex(pageOf(gpa + (asked.iova & (bytes - 1n))));
  const places = allowed.map((one) => placeOf(one[access]));
  if (!places.includes(page)) return `${page} is told, not ${places.join()}`;
  const sizesAllowed = allowed.map(({ [access]: { guest } }) =>
    "size" in guest ? sizes.indexOf(guest.size) : -1,
  );
  if (sizes.indexOf(size) > Math.max(...sizesAllowed)) return `${size} is told`;
  if (read && !allowed.some((one) => lands(one.read))) return "reads are told";
  // A write to the interrupt range is a message, whatever right its page has.
  if (write && !allowed.some((one) => lands(one.write))) return "writes are told";
  const first = asked.iova & ~(bytes - 1n);
  const isMixed = asked.pasid === undefined && bytes > 4096n && overlapsMessages(first, bytes);
  return isMixed ? `${size} is told, and has interrupt addresses in it` : undefined;
}

/** Why nothing may be told, or not for that reason; nothing where it may. */
function checkNothing(told: Told, access: Access, allowed: readonly Answers[]) {
  const { reason, host } = told;
  const isRight = ({ [access]: { composed } }: Answers): boolean =>
    reason === undefined ? "hole" in composed : "fault" in composed && composed.fault === reason;
  if (allowed.some(isRight)) return undefined;
  return `nothing is told: ${reason === undefined ? host : hex(reason)}`;
}

/** The access that is asked about; a read where nobody says and it lands, else a write. */
function accessOf({ access, execute }: Asked, allowed: readonly Answers[] | undefined) {
  if (access !== undefined || execute === true) return access ?? "read";
  const reads = allowed?.map(({ read }) => lands(read)) ?? [];
  if (reads.length === 0 || new Set(reads).size > 1) return undefined;
  if (reads[0] === true) return "read";
  const writes = allowed?.map(({ write }) => lands(write)) ?? [];
  return new Set(writes).size > 1 ? undefined : writes[0] === true ? "write" : "read";
}

/** What is wrong with what a device model is told, or nothing. */
function checkTold(asked: Asked, told: Told, probe: Probe, physical: boolean): string | undefined {
  const { host, gpa } = told;
  const allowed = allowedAnswers(probe);
  const access = accessOf(asked, allowed);
  const isInterrupt = isMessage(pageOf(asked.iova), asked.pasid);
  if (access === undefined) return undefined;
  if ((isInterrupt && access === "write") !== (host === "interrupt"))
    return `the host says ${host}`;
  if (host === "interrupt") return undefined;
  const wanted = hostRefusal(probe, { physical, requester: probe.key.sid });
  const refused = host === "hole" ? undefined : host;
  const isFault = told.reason !== undefined;
  if (wanted !== "unknown" && refused !== wanted && !isFault) return `the host says ${host}`;
  if (allowed === undefined || refused !== undefined) return undefined;
  if (gpa === undefined) return checkNothing(told, access, allowed);
  return checkPage(asked, told, access, allowed);
}

/** What a DMA comes to, in the words of an answer to a device model. */
function outcomeOf(step: Step, input: Asked): string {
  const { facts } = fold(step.before, { ...input, type: "Dma" });
  const blocked = find(facts, "DmaBlocked");
  const landed = find(facts, "DmaTranslated");
  if (blocked !== undefined) return `fault ${blocked.reason ?? ""} ${blocked.host ?? ""}`;
  if (landed === undefined) return "fault  interrupt";
  const write = landed.write && !isMessage(pageOf(input.iova), input.pasid);
  return `${hex(landed.gpa ?? 0n)} ${landed.read} ${write}`;
}

/** The same of what the model is told. */
function textOf(input: Asked, { gpa, mask, read, write, reason, host }: Told): string {
  const offset = input.iova & ~(mask ?? 0n) & 0xffff_ffff_ffff_ffffn;
  return gpa === undefined
    ? `fault ${reason ?? ""} ${host ?? ""}`
    : `${hex(gpa + offset)} ${read} ${write}`;
}

/** What kind of answer it is. */
const kindOf = ({ reason, gpa, size }: Told): string =>
  reason !== undefined
    ? "told a fault"
    : gpa === undefined
      ? "told of a hole"
      : size === "4K"
        ? "told a page"
        : `told ${size}`;

export const modelsAreToldTheTruth: Law = {
  id: "DT1",
  says:
    "What a device model is told of a page is what the guest's tables and the P2M say of it, and " +
    "what its DMA would come to.",
  sometimes: ["told a page", "told a fault", "told of a hole", "told 2M", "told 1G", "physical"],
  check(run, count) {
    const { asked } = sightOf(run);
    const book = newDeviceBook(run);
    for (const step of run.steps) {
      follow(book, step);
      const { input, facts, seq } = step;
      if (input.type !== "DeviceTranslate") continue;
      const told = find(facts, "DeviceTranslationAnswered");
      const device = givenAt(book, guestIndex(input), input.device);
      const who = `the model of ${formatSourceId(input.device)} at ${hex(input.iova)}`;
      const violation = (text: string) => ({ law: "DT1", seq, text: `${who}: ${text}` });
      if (told === undefined) {
        count("physical");
        if (device?.physical === false) return violation("is told nothing");
        continue;
      }
      if (device?.physical !== false) return violation("there is no such model");
      count(kindOf(told));
      const probe = asked.get(seq);
      const text = probe && checkTold(input, told, probe, device.physical);
      if (text !== undefined) return violation(text);
      const [found, expected] = [textOf(input, told), outcomeOf(step, input)];
      if (found !== expected) return violation(`${found} is told, and its DMA ${expected}`);
    }
    return undefined;
  },
};
