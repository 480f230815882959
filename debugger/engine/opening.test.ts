import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { iova, sourceId } from "../../events/address.ts";
import { encodeHeader, encodeInput } from "../../events/log/log.ts";
import { opened, recordingLines } from "../test/opened.ts";
import { gzipMembers } from "./gzip-members.ts";
import { openLog } from "./log-reader.ts";
import type { Opened } from "./opening.ts";
import { openBlob } from "./opening.ts";
import { lanesOf, overviewOf } from "./picture.ts";

describe("opening what is not plain", () => {
  it("[DB24] opens gzip data of several members whole, and says where one is damaged", async () => {
    const [first = "", ...lines] = recordingLines("linux-vfio-edu").slice(0, 400);
    const parts = [
      [first, ...lines.slice(0, 99), ""],
      [...lines.slice(99, 250), ""],
      lines.slice(250),
    ];
    const members = parts.map((part) => gzipSync(part.join("\n")));
    const texts = parts.map((part) => part.join("\n")).join("");
    const whole = await opened(texts);
    const of = await opened(new Uint8Array(Buffer.concat(members)));
    expect([of.timeline.cut, of.timeline.end.seq]).toEqual([undefined, whole.timeline.end.seq]);
    const cut = await opened(new Uint8Array(Buffer.concat(members)).slice(0, -300));
    expect(cut.timeline.cut).toContain("cut short");
    expect(cut.timeline.end.seq).toBeGreaterThan(99);
    // Node unpacks all members by itself, browsers the first.
    const known = Buffer.from(parts[0]?.join("\n") ?? "").length;
    async function* pieces(): AsyncGenerator<Uint8Array, void> {
      const all = Buffer.concat(members);
      for (let at = 0; at < all.length; at += 999) yield all.subarray(at, at + 999);
    }
    const rest: Uint8Array[] = [];
    for await (const { bytes } of gzipMembers(pieces(), known)) rest.push(bytes);
    expect(Buffer.concat(rest).toString()).toBe(texts.slice(known));
  });

  it("[DB25] says how much is folded, not how much is read", async () => {
    const lines = recordingLines("linux-vfio-edu").slice(0, 3000);
    const shares: [folded: number, told: number][] = [];
    const told = ({ timeline }: Opened, share: number) => {
      shares.push([timeline.inputs.count, share]);
    };
    await openBlob("log", new Blob([gzipSync(lines.join("\n"))]), {
      ...{ told, isEnough: () => false },
    });
    const all = shares.at(-1)?.[0] ?? 0;
    expect(shares.length).toBeGreaterThan(4);
    for (const [folded, share] of shares) expect(Math.abs(share - folded / all)).toBeLessThan(0.2);
  });

  it("[DB25] counts nothing of a first line that is half of the file", async () => {
    const [head = "", ...lines] = recordingLines("linux-vfio-edu").slice(0, 1600);
    const rest = lines.join("\n");
    const padded = `{${" ".repeat(rest.length)}${head.slice(1)}`;
    const shares: number[] = [];
    await openBlob("log", new Blob([`${padded}\n${rest}`]), {
      told: (_opened, share) => shares.push(share),
      isEnough: () => false,
    });
    expect(shares[0]).toBeGreaterThan(0);
    expect(shares[0]).toBeLessThan(0.6);
    expect(shares.at(-1)).toBe(1);
  });

  it("[DB26] more devices than have lanes share one, and none is lost", async () => {
    const [head = ""] = recordingLines("linux-vfio-edu");
    const setup = openLog(head).setup;
    const inputs = Array.from({ length: 3000 }, (_, index) =>
      encodeInput(index + 1, {
        ...{ type: "Dma", device: sourceId(index * 8), iova: iova(0x1000n), access: "read" },
      }),
    );
    const { picture, timeline } = await opened([encodeHeader(setup), ...inputs].join("\n"));
    const lanes = lanesOf(picture);
    expect(lanes.length).toBeLessThan(80);
    expect(lanes.map(({ name }) => name)).toContain("other devices");
    const devices = lanes.filter(({ kind }) => kind === "device").map(({ name }) => name);
    expect(devices.slice(0, 3)).toEqual(["00:00.0", "00:01.0", "00:02.0"]);
    expect(devices.at(-1)).toBe("other devices");
    const { counts } = overviewOf(picture, timeline, { from: 0, to: timeline.end.seq, columns: 9 });
    expect(counts.reduce((sum, one) => sum + one, 0)).toBe(timeline.end.seq);
  });
});
