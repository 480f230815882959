import { writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { makeViommu } from "../example/viommu.ts";
import type { Operation } from "../implementation.ts";

/** A request as it comes. */
type Fields = Readonly<Record<string, unknown>>;

const words: ReadonlySet<string> = new Set(["ver", "cap", "ecap", "value", "address"]);

/** A request with numbers of 64 bits and bytes as a method takes them. */
const parsed = (fields: Fields): Fields =>
  Object.fromEntries(
    Object.entries(fields).map(([name, value]) => {
      if (words.has(name)) return [name, BigInt(String(value))];
      return name === "bytes" ? [name, Buffer.from(String(value), "hex")] : [name, value];
    }),
  );

const plain = (_: string, value: unknown): unknown =>
  typeof value === "bigint" ? `0x${value.toString(16)}` : value;

const shown = (answer: object): object =>
  "bytes" in answer && answer.bytes instanceof Uint8Array
    ? { ...answer, bytes: Buffer.from(answer.bytes).toString("hex") }
    : answer;

const target = makeViommu();
const methods = target as unknown as Record<Operation, (request: Fields) => object>;
const { name, ver, cap, ecap } = target;

/** What is done wrong, at the first DMA of a program if not earlier. */
const [, , wrong = "nothing"] = process.argv;
let isStuck = false;
const isAt = (mode: string, op: unknown): boolean => wrong === mode && op === "dma";

const hello = (): object => ({
  ...{ name, version: wrong === "version" ? 7 : 1, ver, ecap },
  ...{ cap: wrong === "capability" ? cap ^ 0x80n : wrong === "unit" ? 0n : cap },
  ...(wrong === "ability" ? { can: ["pasid"] } : {}),
});

/** Answers one line. */
function answer(line: string): void {
  const { id, op, ...rest } = JSON.parse(line) as Fields;
  isStuck ||= isAt("hang", op);
  if (isStuck) return;
  if (isAt("die", op)) {
    const [, , , mark] = process.argv;
    if (mark !== undefined) writeFileSync(mark, "");
    console.error("assertion failed: dma");
    process.exit(3);
  }
  if (isAt("colour", op)) {
    console.log(JSON.stringify({ id, error: "\u001b[31mred\u009b\nand more" }));
    return;
  }
  if (isAt("noise", op)) console.log("translating …");
  if (isAt("error", op)) {
    console.log(JSON.stringify({ id, error: "not written yet" }));
    return;
  }
  const asked = parsed(rest);
  const given = wrong === "capability" && op === "reset" ? { ...asked, cap } : asked;
  const found = op === "hello" ? hello() : methods[op as Operation](given);
  const more = {
    ...(isAt("field", op) ? { speed: 3 } : {}),
    ...(isAt("value", op) ? { at: "soon" } : {}),
    ...(isAt("nothing said", op) ? { at: undefined, fault: undefined } : {}),
    ...(wrong === "short" && op === "readRegisters" ? { bytes: "00" } : {}),
  };
  const number = isAt("turn", op) ? Number(id) + 1 : id;
  console.log(JSON.stringify({ id: number, ...shown(found), ...more }, plain));
}

createInterface({ input: process.stdin }).on("line", answer);
