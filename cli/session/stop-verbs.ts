import { formatSourceId, hex } from "../../events/address.ts";
import { eventNames } from "../../history/columns/event-column.ts";
import { formatHandle } from "../../history/query/handle.ts";
import type { ReadyStop, Stop, Watch } from "../../history/stop/stop.ts";
import { readyStop } from "../../history/stop/stop.ts";
import { registersOf } from "../../projections/registers/registers.ts";
import { parseNumber } from "../argument.ts";
import { devicePrefixes, entryNamed, eventNamed, pageNamed } from "./place.ts";
import type { NumberedStop, Said, Session, Verb } from "./session.ts";
import { VerbError } from "./session.ts";

/** A watch in words. */
export function watchText(watch: Watch): string {
  switch (watch.on) {
    case "event":
      return watch.event;
    case "moment":
      return formatHandle({ kind: "event", seq: watch.seq });
    case "where":
      return watch.where;
    case "register":
      return `register ${watch.register} changes`;
    case "memory":
      return `memory ${hex(watch.gpa)}, ${watch.length.toString()} bytes, is written`;
    case "page": {
      const { device, iova, pasid } = watch.page;
      const space = pasid === undefined ? "" : ` PASID ${hex(pasid)}`;
      return `translation of ${formatSourceId(device)}${space} ${hex(iova)} changes`;
    }
  }
}

export function stopText({ stop: { watch, condition } }: ReadyStop): string {
  return condition === undefined ? watchText(watch) : `${watchText(watch)}, if ${condition}`;
}

const stopJson = ({
  number,
  ready: { stop },
}: NumberedStop): Readonly<Record<string, unknown>> => ({
  number,
  on: stop.watch.on,
  what: watchText(stop.watch),
  ...(stop.condition === undefined ? {} : { condition: stop.condition }),
});

/** Sets a stop. */
function setStop(session: Session, stop: Stop): Said {
  const ready = readyStop(session.timeline, stop);
  const one = { number: session.nextStop, ready };
  session.nextStop += 1;
  session.stops = [...session.stops, one];
  return { data: { stop: stopJson(one) }, text: `stop ${one.number}: ${stopText(ready)}\n` };
}

/** `REST if CONDITION` taken apart. */
function withCondition(rest: string): readonly [words: readonly string[], condition: object] {
  const [, what = rest, condition] = /^(.*?)\s+if\s+(.*)$/s.exec(rest) ?? [];
  const words = what.split(/\s+/).filter((word) => word !== "");
  return [words, condition === undefined ? {} : { condition }];
}

function breakAt(session: Session, rest: string): Said {
  if (rest === "") throw new VerbError("say at what: an event's name or number, or an expression");
  const [words, condition] = withCondition(rest);
  const [first = ""] = words;
  if (words.length === 1 && /^(\d+|[a-z]+:\S*)$/.test(first)) {
    const seq = eventNamed(session, first);
    return setStop(session, { watch: { on: "moment", seq }, ...condition });
  }
  if (words.length === 1 && /^[A-Z]\w*$/.test(first)) {
    return setStop(session, { watch: { on: "event", event: first }, ...condition });
  }
  return setStop(session, { watch: { on: "where", where: rest } });
}

/** What a watch is on, from the words after `watch`. */
function watchOf([kind = "", ...words]: readonly string[]): Watch {
  const [first, second] = words;
  if (kind === "register") {
    const [, guest, register] = /^(?:(\d+):)?(\w+)$/.exec(first ?? "") ?? [];
    if (register === undefined) throw new VerbError("say which register, like GSTS or 1:GSTS");
    return { on: "register", guest: Number(guest ?? "0"), register };
  }
  if (kind === "memory") {
    const { guest, gpa } = entryNamed(first);
    return { on: "memory", guest, gpa, length: parseNumber(second ?? "8") };
  }
  if (kind === "page") return { on: "page", page: pageNamed(words) };
  throw new VerbError(
    "say what is watched: register GSTS, memory 0x1f3d000 [8], page 00:04.0 0x1000",
  );
}

const registerNames = ({ timeline }: Session): readonly string[] =>
  timeline.end.guests.slice(0, 1).flatMap(({ profile }) => {
    return registersOf(profile).specs.map(({ name }) => name);
  });

/** Verbs about where continuing stops. */
export const stopVerbs: readonly Verb[] = [
  {
    name: "break",
    also: ["br"],
    usage: "event|expression [if expression]",
    summary: "stop at events of a name, at one by its number, or where an expression is so",
    run: (session, _words, rest) => breakAt(session, rest),
    complete: (_session, words) => (words.length > 1 ? [] : eventNames),
  },
  {
    name: "watch",
    also: [],
    usage: "register NAME | memory GPA [BYTES] | page DEVICE IOVA [PASID] [if expression]",
    summary: "stop where a register, a place of guest memory or a translation changes",
    run: (session, _words, rest) => {
      const [words, condition] = withCondition(rest);
      return setStop(session, { watch: watchOf(words), ...condition });
    },
    complete: (session, words) => {
      if (words.length <= 1) return ["register", "memory", "page"];
      if (words[0] === "register") return registerNames(session);
      return words[0] === "page" ? devicePrefixes(session) : [];
    },
  },
  {
    name: "stops",
    also: [],
    usage: "",
    summary: "list the stops",
    run: ({ stops }) => ({
      data: { stops: stops.map(stopJson) },
      text:
        stops.length === 0
          ? "no stops\n"
          : stops.map(({ number, ready }) => `${number}: ${stopText(ready)}\n`).join(""),
    }),
  },
  {
    name: "delete",
    also: ["d"],
    usage: "stop|all",
    summary: "take a stop away",
    run: (session, [word = ""]) => {
      const left =
        word === "all" ? [] : session.stops.filter(({ number }) => number.toString() !== word);
      if (left.length === session.stops.length && word !== "all") {
        throw new VerbError(`${word}: no such stop`);
      }
      session.stops = left;
      return { data: { stops: left.map(stopJson) }, text: `stops left: ${left.length}\n` };
    },
    complete: ({ stops }) => ["all", ...stops.map(({ number }) => number.toString())],
  },
];
