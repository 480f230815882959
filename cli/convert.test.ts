import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, describe, expect, test } from "vitest";
import { recordingPath, captureRun as run } from "./test/captured-run.ts";
import { scratch } from "./test/scratch.ts";

const { folder, fileOf } = scratch("convert", afterAll);

const edu = recordingPath("linux-vfio-edu");

describe("logs", () => {
  const log = join(folder, "edu.ndjson.gz");

  test("[LO2] a recording becomes a log that verifies and replays alike", async () => {
    expect(await run("convert", edu, log)).toEqual({ code: 0, out: "", err: "" });
    const verified = await run("verify", log, "--json");
    expect(JSON.parse(verified.out)).toMatchObject({ equal: true, difference: null });
    const hash = async (file: string) =>
      JSON.parse((await run("replay", file, "--json")).out).stateHash;
    expect(await hash(log)).toBe(await hash(edu));
    const plain = join(folder, "edu.ndjson");
    await run("convert", log, plain);
    expect(readFileSync(plain, "utf8")).toBe(gunzipSync(readFileSync(log)).toString("utf8"));
    const { code, err } = await run("convert", log, log);
    expect([code, err]).toEqual([2, `${log}: is the file that is being read\n`]);
  });

  test("[CL8] verify names the first fact that differs", async () => {
    const lines = gunzipSync(readFileSync(log)).toString("utf8").split("\n");
    const at = lines.findIndex((line) => line.includes('"fact":"ShadowMapped"'));
    const seq = JSON.parse(lines[at] ?? "").seq;
    const changed = lines.with(at, (lines[at] ?? "").replace('"read":"ok"', '"read":"hole"'));
    const other = await run("verify", fileOf("changed", changed.join("\n")), "--json");
    expect(other.code).toBe(1);
    expect(JSON.parse(other.out).difference).toMatchObject({
      line: at + 1,
      seq,
      recorded: { read: "hole" },
      decided: { read: "ok" },
    });
    const missing = await run("verify", fileOf("less", lines.toSpliced(at, 1).join("\n")));
    expect([missing.code, missing.out]).toEqual([1, expect.stringContaining("differs")]);
    const inputsOnly = join(folder, "inputs");
    await run("convert", log, inputsOnly, "--facts", "none");
    const nothing = await run("verify", inputsOnly);
    expect([nothing.code, nothing.out]).toEqual([
      3,
      expect.stringContaining("nothing was verified"),
    ]);
    const json = JSON.parse((await run("verify", inputsOnly, "--json")).out);
    expect(json).toMatchObject({ facts: 0, equal: null, difference: null });
    const none = await run("verify", edu);
    expect([none.code, none.err]).toEqual([2, expect.stringContaining("is a recording")]);
  });

  test("[CL8] verify says when only the number of a fact differs", async () => {
    const plain = gunzipSync(readFileSync(log)).toString("utf8").trimEnd().split("\n");
    const at = plain.findLastIndex((line) => line.includes('"fact":"'));
    const { seq } = JSON.parse(plain[at] ?? "");
    const moved = (plain[at] ?? "").replace(`"seq":${seq}`, '"seq":90000');
    const { code, out } = await run(
      "verify",
      fileOf("moved", plain.with(at, moved).slice(0, -1).join("\n")),
    );
    expect([code, out]).toEqual([
      1,
      expect.stringContaining(`recorded as event 90000, decided as ${seq}`),
    ]);
  });

  test("[CL23] a log without facts stays so, unless they are to be decided", async () => {
    const [inputs, same, full] = ["i", "s", "f"].map((name) => join(folder, name));
    await run("convert", edu, inputs ?? "", "--facts", "none");
    await run("convert", inputs ?? "", same ?? "");
    expect(readFileSync(same ?? "", "utf8")).toBe(readFileSync(inputs ?? "", "utf8"));
    await run("convert", inputs ?? "", full ?? "", "--facts", "decided");
    expect(readFileSync(full ?? "", "utf8")).toBe(gunzipSync(readFileSync(log)).toString("utf8"));
  });

  test("[CL22] replay counts refused inputs", async () => {
    const plain = gunzipSync(readFileSync(log)).toString("utf8").split("\n", 1);
    const refused = '{"seq":1,"input":"DmaComplete","tag":7}';
    const file = fileOf("refused", `${plain.join("")}\n${refused}\n`);
    expect(JSON.parse((await run("replay", file, "--json")).out).refused).toBe(1);
    expect((await run("replay", file)).out).toContain("1 input was refused");
    expect((await run("replay", edu)).out).not.toContain("refused");
  });

  test("[CL72] verify tells another cause, another model and a missing end", async () => {
    const lines = gunzipSync(readFileSync(log)).toString("utf8").trimEnd().split("\n");
    const fact = lines.findLastIndex((line) => line.includes('"fact":"'));
    const changed = (lines[fact] ?? "").replace(/"cause":(\d+)/, '"cause":1');
    const caused = fileOf("caused", `${lines.with(fact, changed).join("\n")}\n`);
    const { code, out } = await run("verify", caused);
    expect([code, out]).toEqual([1, expect.stringContaining("only the cause differs: 1, decided")]);
    const other = (lines[0] ?? "").replace(/"model":"[^"]*"/, '"model":"0.0.1"');
    const doubted = fileOf("doubted", lines.with(0, other).slice(0, -1).join("\n"));
    const told = await run("verify", doubted);
    expect(told.code).toBe(1);
    expect(told.out).toContain("was written by model 0.0.1, and this is");
    expect(told.out).toContain("has no end, so that lines may be missing there");
    const { doubts } = JSON.parse((await run("verify", doubted, "--json")).out);
    expect(doubts).toHaveLength(2);
    const whole = await run("verify", log);
    expect([whole.code, whole.out]).toEqual([0, expect.stringContaining("without a seal")]);
  });

  test("[LO7] a line after a log's end is refused, after what stands before it", async () => {
    const text = gunzipSync(readFileSync(log)).toString("utf8");
    const file = fileOf("beyond", `${text}{"seq":90000,"input":"Note","text":"more"}\n`);
    const { code, err } = await run("verify", file);
    const line = text.trimEnd().split("\n").length + 1;
    expect([code, err]).toEqual([2, `${file}:${line}: a line after the log's end\n`]);
  });

  test("[CL73] convert gives an end to what it decides and to a copy of what has one", async () => {
    const [cut, again, decided] = ["cut", "again", "decided"].map((name) =>
      join(folder, `${name}.nd`),
    );
    const lines = gunzipSync(readFileSync(log)).toString("utf8").trimEnd().split("\n");
    expect(lines.at(-1)).toMatch(/^\{"end":\d+\}$/);
    await run("convert", fileOf("cut", `${lines.slice(0, -1).join("\n")}\n`), cut ?? "");
    expect(readFileSync(cut ?? "", "utf8")).not.toContain('{"end"');
    await run("convert", log, again ?? "");
    expect(
      readFileSync(again ?? "", "utf8")
        .trimEnd()
        .split("\n"),
    ).toEqual(lines);
    await run("convert", cut ?? "", decided ?? "", "--facts", "decided");
    expect(
      readFileSync(decided ?? "", "utf8")
        .trimEnd()
        .split("\n"),
    ).toEqual(lines);
  });
});
