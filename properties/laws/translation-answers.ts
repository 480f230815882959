import { formatSourceId, hex, pageOf } from "../../events/address.ts";
import type { FactOf } from "../../events/fact.ts";
import type { InputOf } from "../../events/input.ts";
import type { Step } from "../../history/step.ts";
import type { Answers } from "../oracle/answers.ts";
import type { Answer } from "../oracle/compose.ts";
import type { DeviceBook, Given } from "./device-book.ts";
import { follow, givenAt, newDeviceBook } from "./device-book.ts";
import { hostRefusal, isMessage, isTranslating } from "./host-refusals.ts";
import type { Count, Law } from "./law.ts";
import type { Probe } from "./probes.ts";
import { sightOf } from "./probes.ts";
import { find } from "./requests.ts";
import { guestIndex } from "./run.ts";

/** All that may be right for a question; nothing where the oracle cannot know. */
export function allowedAnswers({ expected }: Probe): readonly Answers[] | undefined {
  const many = expected.pending || expected.first !== undefined;
  if (many && !expected.complete) return undefined;
  return many ? expected.candidates : [expected];
}

/** Whether an access lands. */
export const lands = ({ composed }: Answer): boolean => "hpa" in composed;

/** Of a device's context alone: its TT, its DTE. They are not the tables' affair. */
const contextReasons: readonly number[] = [0xd, 0x44];

type Granted = FactOf<"TranslationAnswered">;
type Blocked = FactOf<"TranslationBlocked">;
type Asked = InputOf<"AtsRequest">;

/** Why a request may not be blocked as it is, or nothing. */
function checkBlocked(
  { reason, host }: Blocked,
  device: Given | undefined,
  isOff: boolean,
  allowed: readonly Answers[] | undefined,
): string | undefined {
  if ((host === "unassigned") !== (device === undefined)) return `it is blocked as ${host}`;
  if (device !== undefined && (host === "off") !== isOff) return "translation off is not the cause";
  if (reason === undefined || contextReasons.includes(reason) || allowed === undefined) return;
  const isFault = ({ composed }: Answer): boolean =>
    "fault" in composed && composed.fault === reason;
  if (allowed.some(({ read, write }) => isFault(read) || isFault(write))) return undefined;
  return `it faults with ${hex(reason)}`;
}

const order = ["4K", "2M", "1G", "512G", "256T"];

/** Where one access leads: the pages of the guest and of the host, and how large they are. */
function placeOf({ guest, composed }: Answer): readonly [string, number] | undefined {
  if (!("gpa" in guest) || !("hpa" in composed)) return undefined;
  const frames = [pageOf(guest.gpa), pageOf(composed.hpa)].map(hex);
  return [frames.join(" at "), order.indexOf(composed.size)];
}

/** Why a page may not be given as it is, or nothing. */
function checkPage(granted: Granted, device: Given, allowed: readonly Answers[]) {
  const { gpa, hpa, size = "4K", read } = granted;
  const places = allowed.flatMap((one) => placeOf(read ? one.read : one.write) ?? []);
  const frame = (address: bigint | undefined): string => hex(pageOf(address ?? 0n));
  const [mine, host] = [frame(gpa), frame(hpa)];
  const isThere = (place: unknown): boolean =>
    typeof place === "string" &&
    (device.physical ? place === `${mine} at ${host}` : place.startsWith(`${mine} at `));
  if (device.physical !== (hpa !== undefined)) return "host pages are for physical devices alone";
  if (!places.some(isThere)) return `${mine} at ${host} is given, not ${places.join()}`;
  const largest = Math.max(...places.filter((one) => typeof one === "number"));
  return order.indexOf(size) > largest ? `${size} is given` : undefined;
}

/** Why rights are not those that a page gives to who asks so, or nothing. */
function checkRights({ access, execute }: Asked, granted: Granted, allowed: readonly Answers[]) {
  const { read, write } = granted;
  if (granted.execute === true && execute !== true) return "execution is given unasked";
  const executes = granted.execute === true;
  if (executes && !(read && allowed.some((one) => lands(one.read)))) return "execution is given";
  if (execute === true && !executes && allowed.every((one) => lands(one.read))) {
    return "execution is not given";
  }
  if (read && !allowed.some((one) => lands(one.read)) && execute !== true) return "reads are given";
  if (write && !allowed.some((one) => lands(one.write))) return "writes are given";
  const must = (of: "read" | "write"): boolean => allowed.every((one) => lands(one[of]));
  if (!read && execute !== true && must("read")) return "reads are not given";
  return access === "write" && !write && must("write") ? "writes are not given" : undefined;
}

/** Why nothing is given, or something without a page, as it must not be. */
function checkGranted(
  asked: Asked,
  granted: Granted,
  device: Given,
  probe: Probe,
): string | undefined {
  const { host, read, write, untranslated } = granted;
  const isInterrupt = isMessage(pageOf(asked.iova), asked.pasid);
  if (isInterrupt !== (untranslated === true)) return "untranslated use is not for this page";
  if (isInterrupt) return write && !read ? undefined : "an interrupt is written alone";
  const wanted = hostRefusal(probe, device);
  if (wanted !== "unknown" && (host === "hole" ? undefined : host) !== wanted) {
    return `the host says ${host ?? "nothing"}, not ${wanted ?? "nothing"}`;
  }
  const allowed = allowedAnswers(probe);
  if (wanted !== undefined || allowed === undefined) return undefined;
  const isHole = ({ composed }: Answer): boolean => "hole" in composed;
  if (host === "hole" && !allowed.some((one) => isHole(one.read) || isHole(one.write))) {
    return "there is no hole";
  }
  const wrong = checkRights(asked, granted, allowed);
  // The oracle was asked whether it may be executed, and says nothing of a plain read.
  if (asked.execute === true && granted.execute !== true) return wrong;
  return wrong ?? (read || write ? checkPage(granted, device, allowed) : undefined);
}

/** What is wrong with the answer to a translation request, or nothing. */
function checkAnswer(
  { input, facts, before }: Step & { readonly input: Asked },
  book: DeviceBook,
  probe: Probe,
  count: Count,
): string | undefined {
  const index = guestIndex(input);
  const device = givenAt(book, index, input.device);
  const guest = before.guests[index];
  const [blocked, granted] = [
    find(facts, "TranslationBlocked"),
    find(facts, "TranslationAnswered"),
  ];
  const isOff = guest !== undefined && !isTranslating(guest);
  if (blocked !== undefined) {
    count(blocked.host ?? "fault");
    return checkBlocked(blocked, device, isOff, allowedAnswers(probe));
  }
  if (granted === undefined) return undefined;
  if (device === undefined || isOff) return "it is answered, and must be blocked";
  const { read, write, host, untranslated } = granted;
  count(untranslated === true ? "untranslated" : (host ?? (read || write ? "given" : "not given")));
  return checkGranted(input, granted, device, probe);
}

export const translationsAreRight: Law = {
  id: "TA1",
  says:
    "A translation request is given the page, and the rights of it, that the guest's tables and " +
    "the P2M say, or is blocked as they say.",
  sometimes: ["given", "not given", "hole", "untranslated", "fault", "off", "unassigned"],
  check(run, count) {
    const { asked } = sightOf(run);
    const book = newDeviceBook(run);
    for (const step of run.steps) {
      const { input, seq } = step;
      const probe = asked.get(seq);
      if (input.type === "AtsRequest" && probe !== undefined) {
        const text = checkAnswer({ ...step, input }, book, probe, count);
        const who = `${formatSourceId(input.device)} at ${hex(input.iova)}`;
        if (text !== undefined) return { law: "TA1", seq, text: `${who}: ${text}` };
      }
      follow(book, step);
    }
    return undefined;
  },
};
