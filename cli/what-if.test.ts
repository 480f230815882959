import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { encodeEvent, encodeHeader } from "../events/log/log.ts";
import { booted, leafEntry, memory, page, queueOn, reads } from "../properties/examples/driver.ts";
import { flat } from "../properties/examples/given.ts";
import { unit } from "../properties/examples/unit.ts";
import { captureRun } from "./test/captured-run.ts";
import { scratch } from "./test/scratch.ts";

const { folder, fileOf } = scratch("what-if", afterAll);
const inputs = flat([booted, queueOn, reads(page), memory(leafEntry, 0xa003n), reads(page)]);
const lines = [
  encodeHeader(unit()),
  ...inputs.map((input, index) => encodeEvent({ seq: index + 1, input })),
];
const file = fileOf("guest.log", `${lines.join("\n")}\n`);

/** The numbers of the events of one input. */
async function eventsOf(type: string, of = file): Promise<readonly number[]> {
  const { out } = await captureRun("log", of, "--type", type, "--json");
  return out
    .trim()
    .split("\n")
    .map((line) => Number(/"seq":(\d+)/.exec(line)?.[1]));
}

describe("what-if", () => {
  test("[TT27] tells what would have been, side by side, and saves it", async () => {
    const [, last = 0] = await eventsOf("Dma");
    const saved = join(folder, "saved.log");
    const words = ["--invalidate", `${last}:page`, "--device", "00:04.0", "--iova", "0x1806000"];
    const { code, out } = await captureRun("what-if", file, ...words, "-o", saved);
    expect(code).toBe(0);
    expect(out).toContain("First difference: other inputs");
    expect(out).toMatch(/1 came to something else, 0 to the same/);
    expect(out).toMatch(/landed HPA 0x100007000\s+landed HPA 0x10000a000/);
    expect(out).toMatch(/Side by side: 5 differences/);
    const verified = await captureRun("verify", saved);
    expect(verified.code).toBe(0);
    const { out: json } = await captureRun("what-if", file, ...words, "--json");
    expect(JSON.parse(json)).toMatchObject({
      dmaDiffering: 1,
      dmaSame: 0,
      first: { kind: "input", left: null, right: { input: { input: "MemoryWrite" } } },
      dma: [{ left: { outcome: "landed", device: "00:04.0", event: `event:${last}` } }],
    });
  });

  test("[TT27] inputs go, come, change and move", async () => {
    const [first = 0, last = 0] = await eventsOf("Dma");
    const saved = join(folder, "edited.log");
    const note = '{"input":"Note","text":"here"}';
    const words = [
      ...["--remove", last.toString(), "--insert", `1:${note}`],
      ...["--change", `2:${note}`, "--move", `${first}:1`],
    ];
    expect((await captureRun("what-if", file, ...words, "-o", saved)).code).toBe(0);
    const { out } = await captureRun("log", saved, "--json");
    expect(out.split("\n").slice(0, 3).join()).toMatch(/"Dma".*"fact".*"Note"/s);
    expect(await eventsOf("Note", saved)).toHaveLength(2);
    expect(await eventsOf("Dma", saved)).toHaveLength(1);
  });

  test("[TT27] a law that holds no more is told", async () => {
    const observed =
      '{"input":"Dma","device":"00:04.0","iova":"0x1806000","observed":{"reason":6}}';
    const { out } = await captureRun("what-if", file, "--insert", `1:${observed}`, "--json");
    expect(JSON.parse(out)).toMatchObject({ dmaDiffering: 1, appeared: [], vanished: [] });
  });

  test.each([
    [[], /say what is to be otherwise/],
    [["--remove", "99999"], /there is no event 99999/],
    [["--remove", "x"], /Expected a whole number/],
    [["--insert", '1:{"input":"Dmaa"}'], /Dmaa/],
    [["--insert", '1:{"input":"Dma"}'], /device/],
    [["--insert", '1:{"x":1}'], /\{"x":1\}: neither an input nor a fact/],
    [["--insert", '1:{"fact":"QueueStarted"}'], /facts follow from inputs/],
    [["--insert", "nowhere"], /Expected EVENT/],
    [["--insert", '1:{"seq":2,"cause":1,"fact":"QueueStarted"}'], /facts follow from inputs/],
    [["--change", "1:{"], /JSON/],
    [["--move", "1"], /Expected EVENT:EVENT/],
    [["--remove", "1", "--remove", "1"], /two edits of one input/],
    [["--invalidate", "3:everything"], /Expected EVENT:page\|domain/],
    [["--invalidate", "3:domain"], /needs a device/],
    [["--invalidate", "99999"], /there is no event 99999/],
  ])("[TT27] %j is refused in one line, and nothing is written", async (words, reason) => {
    const never = join(folder, "never.log");
    const { code, out, err } = await captureRun("what-if", file, ...words, "-o", never);
    expect({ code, out, lines: err.trim().split("\n").length }).toEqual({
      code: 2,
      out: "",
      lines: 1,
    });
    expect(err).toMatch(reason);
    expect(existsSync(never)).toBe(false);
  });

  test("[TT27] a fact cannot be edited, and the log itself is not written over", async () => {
    const [fact = 0] = await eventsOf("QueueEnabled");
    expect((await captureRun("what-if", file, "--remove", `${fact}`)).err).toMatch(/is a fact/);
    const { err } = await captureRun("what-if", file, "--remove", "1", "-o", file);
    expect(err).toMatch(/is the file that is being read/);
  });
});

describe("compare", () => {
  test("[TT28] the first difference that matters is on top, and the exit code tells", async () => {
    const bad = [...lines];
    bad.splice(3, 0, '{"seq":3,"input":"Note","text":"another machine"}');
    bad.splice(-2, 1);
    const renumbered = bad.map((line, index) => line.replace(/"seq":\d+/, `"seq":${index}`));
    const other = fileOf("bad.log", `${renumbered.join("\n")}\n`);
    const { code, out } = await captureRun("compare", file, other);
    expect(code).toBe(1);
    expect(out).toMatch(/^First difference: other inputs \(1 before it changes nothing\)/);
    expect(out).toMatch(/MemoryWrite gpa=0x6030/);
    expect((await captureRun("compare", file, file)).code).toBe(0);
    const headOnly = fileOf("head.log", `${lines[0] ?? ""}\n`);
    expect((await captureRun("compare", headOnly, headOnly)).code).toBe(3);
    expect((await captureRun("compare", file, file)).out).toContain("Both runs are the same.");
    const { code: jsonCode, out: json } = await captureRun("compare", file, other, "--json");
    expect(jsonCode).toBe(1);
    expect(JSON.parse(json)).toMatchObject({ differing: 2, passedOver: 1, dmaSame: 2 });
  });

  test("[TT28] a log cut short is compared up to the cut, which is told", async () => {
    const cut = fileOf("cut.log", `${lines.slice(0, -2).join("\n")}\n{"seq":`);
    const { code, out, err } = await captureRun("compare", file, cut);
    expect(code).toBe(2);
    expect(out).toMatch(/First difference.*MemoryWrite.*nothing like it/s);
    expect(err).toMatch(/cut\.log:\d+: /);
    expect((await captureRun("compare", "-", "-")).code).toBe(2);
    const none = fileOf("page.html", "<html></html>\n");
    expect((await captureRun("compare", file, none)).err).toMatch(/^\S+page\.html:1: \S/);
  });
});
