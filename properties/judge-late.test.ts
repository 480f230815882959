import { describe, expect, test } from "vitest";
import type { Gpa, Iova, SourceId } from "../events/address.ts";
import type { Input, InputOf } from "../events/input.ts";
import type { Setup } from "../events/setup.ts";
import { stepOf } from "../history/step.ts";
import { createWorld } from "../hypervisor/create-world.ts";
import { besideOf, followFlushing, noFlushing } from "./flushing.ts";
import type { Judged } from "./judge.ts";
import { judge } from "./judge.ts";
import { p2mRange, words } from "./oracle/example-world.ts";

const device = 0x10 as SourceId;

/** Two levels of 39 bits, no caching mode, one fault record at 0x200, registers at F0h. */
const cap = 0x00c9_0080_2063_0262n;
const buffer = 0x10n;

function setupOf(rwbf: boolean, coherent: boolean): Setup {
  const p2m = [p2mRange(0n, 0x1_0000_0000n, 0x20_0000n, "2M")];
  const words = { cap: rwbf ? cap | buffer : cap, ecap: coherent ? 0xf01n : 0xf00n };
  return { guests: [{ ver: 0x10n, ...words, p2m, devices: [{ device, physical: false }] }] };
}

const register = (offset: number, value: bigint, size = 4): Input => ({
  type: "RegisterWrite",
  ...{ offset, size, value },
});

/** Writes that have left the CPU's caches. */
const written = (gpa: bigint, ...values: readonly bigint[]): Input =>
  ({ ...words(gpa, ...values), flushed: true }) as Input;

const [srtp, te, wbf] = [1n << 30n, 1n << 31n, 1n << 27n];
const flushBuffer = register(0x18, te | wbf);
const leaf = 0x5008n;

/** Tables for 0x0 to 0x1fffff, translation on, and the leaf of 0x1000 last. */
const boot: readonly Input[] = [
  written(0x1000n, 0x2001n, 0n),
  written(0x2100n, 0x3001n, 0x0101n),
  written(0x3000n, 0x4003n),
  written(0x4000n, 0x5003n),
  register(0x20, 0x1000n, 8),
  register(0x18, srtp | wbf),
  register(0x18, te),
];

type Observed = NonNullable<InputOf<"Dma">["observed"]>;

const dma = (observed?: Observed): Input => ({
  ...{ type: "Dma", device, iova: 0x1000n as Iova, access: "write" },
  ...(observed === undefined ? {} : { observed }),
});

const landed = { gpa: 0x7000n as Gpa };
const elsewhere = { gpa: 0x9000n as Gpa };

/** What is said of the last of some inputs. */
function judged(setup: Setup, ...inputs: readonly Input[]): Judged {
  let flushing = noFlushing;
  let world = createWorld(setup);
  let last: Judged | undefined;
  for (const input of inputs) {
    const step = stepOf(world, input);
    const beside = besideOf(flushing, step);
    last = judge(step, beside);
    flushing = followFlushing(flushing, step, beside);
    world = step.after;
  }
  if (last === undefined) throw new Error("there is no input");
  return last;
}

const verdict = (setup: Setup, observed: Observed, ...before: readonly Input[]) =>
  judged(setup, ...boot, ...before, dma(observed)).verdict.verdict;

describe("writes that the unit need not see yet", () => {
  const buffered = setupOf(true, true);
  const cached = setupOf(false, false);
  const plain = setupOf(false, true);
  const inBuffer = written(leaf, 0x7003n);
  const inCache = words(leaf, 0x7003n);

  test("[WB31] with a write buffer both answers are right, and no third one", () => {
    expect(verdict(buffered, { reason: 5 }, inBuffer)).toBe("agree");
    expect(verdict(buffered, landed, inBuffer)).toBe("agree");
    expect(verdict(buffered, elsewhere, inBuffer)).toBe("disagree");
    expect(verdict(buffered, { reason: 6 }, inBuffer)).toBe("disagree");
  });

  test("[WB31] once it is flushed only what was written is right", () => {
    expect(verdict(buffered, landed, inBuffer, flushBuffer)).toBe("agree");
    expect(verdict(buffered, { reason: 5 }, inBuffer, flushBuffer)).toBe("disagree");
  });

  test("[WB31] the same without coherent walks, until it is written back", () => {
    expect(verdict(cached, { reason: 5 }, inCache)).toBe("agree");
    expect(verdict(cached, landed, inCache)).toBe("agree");
    const flush: Input = { type: "CacheFlush", gpa: leaf as Gpa, length: 8n };
    expect(verdict(cached, landed, inCache, flush)).toBe("agree");
    expect(verdict(cached, { reason: 5 }, inCache, flush)).toBe("disagree");
  });

  test("[WB31] what waits says nothing of requests that do not read it", () => {
    const other = written(0x5010n, 0x8003n);
    expect(verdict(buffered, landed, inBuffer, flushBuffer, other)).toBe("agree");
    expect(verdict(buffered, { reason: 5 }, inBuffer, flushBuffer, other)).toBe("disagree");
    expect(verdict(plain, { reason: 5 }, inBuffer)).toBe("disagree");
  });

  test("[WB31] a DMA whose direction nobody recorded is judged by the one that it had", () => {
    const { access: _, ...unsaid } = dma(landed) as InputOf<"Dma">;
    const writeOnly = written(leaf, 0x7002n);
    const last = judged(buffered, ...boot, writeOnly, flushBuffer, inBuffer, unsaid);
    expect(last.verdict.verdict).toBe("agree");
  });
});
