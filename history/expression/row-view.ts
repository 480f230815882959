import { formatSourceId } from "../../events/address.ts";
import type { World } from "../../projections/world.ts";
import type { Chunk } from "../columns/chunk.ts";
import { addressIn, presence } from "../columns/chunk.ts";
import type { ColumnName } from "../columns/event-column.ts";
import { eventNames, inputNames } from "../columns/event-column.ts";
import { numberAt } from "../columns/number-column.ts";
import type { Timeline } from "../timeline/timeline.ts";
import { inputPlace } from "../timeline/timeline.ts";
import type { EventView } from "./environment.ts";
import type { Surroundings } from "./event-view.ts";
import { isWritten, registerName } from "./event-view.ts";

/** A row of the columns that can be moved to another event. */
export interface RowCursor {
  chunk: Chunk;
  at: number;
  seq: number;
}

const registerPage = 4096;
const guestAt = (chunk: Chunk, at: number): number => chunk.plain.guest?.[at] ?? 0;

/** The number that a column has for a row, or -1: what answers are remembered by. */
export function plainAt(chunk: Chunk, at: number, name: string): number | bigint {
  if (name === "event" || name === "input" || name === "fact") return chunk.event[at] as number;
  const column = (name === "register" ? "offset" : name) as ColumnName;
  if (name !== "guest" && ((chunk.present[at] as number) & presence[column]) === 0) return -1;
  if (name === "register")
    return (chunk.plain.offset?.[at] ?? 0) + registerPage * guestAt(chunk, at);
  if (column === "iova" || column === "gpa") return addressIn(chunk, column, at);
  return chunk.plain[column]?.[at] ?? 0;
}

const inputAlone = (number: number): string | null =>
  number < inputNames ? (eventNames[number] as string) : null;
const factAlone = (number: number): string | null =>
  number < inputNames ? null : (eventNames[number] as string);

/** What a name's column says of a row, as the language has it. */
function valueAt(row: RowCursor, name: string, start: World): unknown {
  const plain = plainAt(row.chunk, row.at, name);
  switch (name) {
    case "event":
      return eventNames[Number(plain)];
    case "input":
      return inputAlone(Number(plain));
    case "fact":
      return factAlone(Number(plain));
    case "device":
    case "source":
      return plain === -1 ? null : formatSourceId(Number(plain));
    case "register": {
      const guest = guestAt(row.chunk, row.at);
      return plain === -1 ? null : registerName(start, guest, Number(plain) % registerPage);
    }
    default:
      return plain === -1 ? null : BigInt(plain);
  }
}

/** What expressions ask of an event, from the columns alone. */
export function viewOfRow(
  timeline: Timeline,
  row: RowCursor,
  { start, lawsAt, changesAt }: Surroundings,
): EventView {
  const cause = (): number => numberAt(timeline.numbers, inputPlace(timeline, row.seq));
  return {
    valueOf: (name) => {
      if (name === "seq") return BigInt(row.seq);
      if (name === "cause") return BigInt(cause());
      if (name === "laws") return lawsAt(row.seq);
      return valueAt(row, name, start);
    },
    writes: (gpa, length) =>
      isWritten(addressIn(row.chunk, "gpa", row.at), row.chunk.written?.[row.at] ?? 0, gpa, length),
    changes: (device, iova, pasid) => changesAt(cause(), device, iova, pasid),
  };
}
