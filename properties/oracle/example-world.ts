import type { Gpa, Hpa, Iova, SourceId } from "../../events/address.ts";
import type { Fact } from "../../events/fact.ts";
import type { Input, PageSize } from "../../events/input.ts";
import type { Setup } from "../../events/setup.ts";
import type { Answers, Expected } from "./answers.ts";
import { expected } from "./expected.ts";
import { observe } from "./observe.ts";
import type { Key, Oracle } from "./oracle.ts";
import { createOracle } from "./oracle.ts";

/** CM, 3 and 4 levels, MGAW 48, 2 MiB and 1 GiB pages, PSI, MAMV 18, one fault record at 0x220. */
export const cap = 0x0012_008c_222f_0686n;
/** C, QI, DT, IR, PT, SC. */
export const ecap = 0xcfn;

/** 00:04.0 and its context entry in the table at 0x2000. */
export const nvme = 0x20 as SourceId;
export const nvmeEntry = 0x2200n;

export const p2mRange = (gpa: bigint, hpa: bigint, length: bigint, pageSize: PageSize) => ({
  gpa: gpa as Gpa,
  hpa: hpa as Hpa,
  length,
  pageSize,
  read: true,
  write: true,
});

/** One guest: 16 MiB from 0 in 2 MiB mappings, 2 GiB from 1 GiB on in 1 GiB mappings; 00:04.0. */
export function exampleSetup(words: { cap?: bigint; ecap?: bigint } = {}): Setup {
  const p2m = [
    p2mRange(0n, 0x1_0000_0000n, 0x100_0000n, "2M"),
    p2mRange(0x4000_0000n, 0x2_4000_0000n, 0x8000_0000n, "1G"),
  ];
  const devices = [{ device: nvme, physical: true }];
  return { guests: [{ ver: 0x10n, cap, ecap, haw: 40, p2m, devices, ...words }] };
}

/** Words of 64 bits in guest memory, from an address on. */
export function words(gpa: bigint, ...values: readonly bigint[]): Input {
  const view = new DataView(new ArrayBuffer(8 * values.length));
  for (const [index, value] of values.entries()) view.setBigUint64(8 * index, value, true);
  return { type: "MemoryWrite", gpa: gpa as Gpa, bytes: new Uint8Array(view.buffer) };
}

export const write = (oracle: Oracle, gpa: bigint, ...values: readonly bigint[]): boolean =>
  observe(oracle, words(gpa, ...values), []);

export const happen = (oracle: Oracle, ...facts: readonly Fact[]): boolean =>
  observe(oracle, { type: "Note", text: "" }, facts);

export const flushPage = (did: number, iova: bigint, leafOnly = false): Fact => ({
  type: "IotlbInvalidated",
  scope: "page",
  did,
  iova: iova as Iova,
  length: 4096n,
  leafOnly,
});

/** Root at 0x1000, contexts at 0x2000, four levels at 0x3000 to 0x6000; translation is on. */
export function fourLevels(
  setup = exampleSetup(),
  keys: readonly Key[] = [],
  keeps = false,
): Oracle {
  const oracle = createOracle(setup, keys, [], keeps);
  write(oracle, 0x1000n, 0x2001n, 0n);
  write(oracle, nvmeEntry, 0x3001n, 0x0502n);
  write(oracle, 0x3000n, 0x4003n);
  write(oracle, 0x4000n, 0x5003n);
  write(oracle, 0x5060n, 0x6003n);
  write(oracle, 0x6030n, 0x7003n);
  happen(oracle, { type: "RootPointerLatched", value: 0x1000n }, { type: "TranslationEnabled" });
  return oracle;
}

/** The page that the tables of `fourLevels` map: to GPA 0x7000. */
export const iova = 0x1806000n;

export function ask(oracle: Oracle, at: bigint = iova, sid: number = nvme): Expected {
  const found = expected(oracle, 0, sid, at);
  if (!found) throw new Error("there is no guest 0");
  return found;
}

export const page = (gpa: bigint, size: PageSize) => ({ gpa, size });

/** The reasons of a read and of a write, -1 where there is no fault. */
export function reasons({ read, write: writing }: Answers): readonly [number, number] {
  const of = (answer: Answers["read"]) => ("fault" in answer.guest ? answer.guest.fault : -1);
  return [of(read), of(writing)];
}
