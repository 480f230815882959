import { describe, expect, test } from "vitest";
import { symbolsInImage, symbolsInList } from "./kernel-symbols.ts";

const base = 0xffff_ffff_8100_0000n;
const wanted = ["qi_submit_sync", "late_function"];

/** Tokens as a kernel has them: some for several letters, the others for themselves. */
const tokens = Array.from({ length: 256 }, (_, code) => {
  if (code === 1) return "T";
  if (code === 2) return "submit";
  return code >= 0x20 && code < 0x7f ? String.fromCharCode(code) : `t${code.toString()}`;
});

const align = (bytes: Buffer, to = 8): Buffer =>
  Buffer.concat([bytes, Buffer.alloc((to - (bytes.length % to)) % to)]);

/** Compresses a name with the tokens above; a long one has two bytes of length. */
function compressed(name: string): Buffer {
  const codes = [1];
  for (const part of name.split(/(submit)/)) {
    if (part === "submit") codes.push(2);
    else codes.push(...Buffer.from(part));
  }
  const { length } = codes;
  const head = length < 0x80 ? [length] : [(length & 0x7f) | 0x80, length >> 7];
  return Buffer.from([...head, ...codes]);
}

function words(values: readonly number[], bytes: 2 | 4): Buffer {
  const buffer = Buffer.alloc(values.length * bytes);
  for (const [index, value] of values.entries()) {
    if (bytes === 2) buffer.writeUInt16LE(value, index * 2);
    else buffer.writeInt32LE(value, index * 4);
  }
  return align(buffer);
}

/** The tables of a kernel: offsets before the names (up to Linux 6.3) or after the tokens. */
function image(order: "before" | "after"): Buffer {
  const names = Array.from({ length: 5000 }, (_, index) => `function_${index.toString()}`);
  names[17] = "qi_submit_sync";
  names[18] = `a${"b".repeat(200)}`;
  names[4999] = "late_function";
  const packed = names.map(compressed);
  const markers: number[] = [];
  let at = 0;
  for (const [index, name] of packed.entries()) {
    if (index % 256 === 0) markers.push(at);
    at += name.length;
  }
  const relative = Buffer.alloc(8);
  relative.writeBigUInt64LE(base);
  const offsets = [
    words(
      names.map((_, index) => -1 - index * 16),
      4,
    ),
    relative,
  ];
  const count = words([names.length], 4);
  const texts = tokens.map((token) => Buffer.from(`${token}\0`));
  const index = texts.map((_, token) => Buffer.concat(texts.slice(0, token)).length);
  // What lies before the tokens ends with any byte.
  const sequence = align(Buffer.alloc(names.length * 3, 0x5a));
  return Buffer.concat([
    Buffer.alloc(4096, 0x90),
    Buffer.from("0\x001\x002\x003\x004\x005\x006\x007\x008\x009\0", "latin1"),
    Buffer.alloc(4),
    ...(order === "before" ? offsets : []),
    ...[count, align(Buffer.concat(packed)), words(markers, 4)],
    ...(order === "before" ? [sequence] : []),
    ...[align(Buffer.concat(texts)), words(index, 2)],
    ...(order === "after" ? offsets : []),
    Buffer.alloc(64),
  ]);
}

describe("symbols", () => {
  for (const order of ["before", "after"] as const) {
    test(`[RC11] a kernel's own table is found by its form, offsets ${order} the names`, () => {
      expect(symbolsInImage(image(order), [...wanted, "no_such"])).toEqual(
        new Map([
          ["qi_submit_sync", base + 17n * 16n],
          ["late_function", base + 4999n * 16n],
        ]),
      );
    });
  }

  test("[RC11] memory without a table has no symbols", () => {
    expect(symbolsInImage(Buffer.alloc(1 << 20), wanted).size).toBe(0);
    const broken = image("after");
    broken.fill(0xff, broken.length - 512, broken.length);
    expect(symbolsInImage(broken, wanted).size).toBe(0);
  });

  test("[RC12] a list of symbols is read, and refused where it is none", () => {
    const text = "ffffffff81000000 T _text\nffffffff816d08a0 T qi_submit_sync\n";
    expect(symbolsInList("map", text, wanted)).toEqual(
      new Map([["qi_submit_sync", 0xffff_ffff_816d_08a0n]]),
    );
    const list = (line: string) => () => symbolsInList("map", `${line}\n`, wanted);
    expect(list("elf")).toThrow("map:1: expected address, kind and name");
    expect(list("0000000000000000 T qi_submit_sync")).toThrow("map: the addresses are hidden");
  });
});
