import { afterAll, describe, expect, test } from "vitest";
import { encodeEvent, encodeHeader } from "../events/log/log.ts";
import { parseExpression } from "../history/expression/expression.ts";
import { parseHandle } from "../history/query/handle.ts";
import { booted, page, queueOn, reads } from "../properties/examples/driver.ts";
import { flat } from "../properties/examples/given.ts";
import { unit } from "../properties/examples/unit.ts";
import { captureRun } from "./test/captured-run.ts";
import { scratch } from "./test/scratch.ts";

const { fileOf } = scratch("guide", afterAll);
const { out: guide } = await captureRun("guide");
const lines = [encodeHeader(unit())];
for (const [index, input] of flat([booted, queueOn, reads(page)]).entries()) {
  lines.push(encodeEvent({ seq: index + 1, input }));
}
const file = fileOf("guest.log", `${lines.join("\n")}\n`);

describe("guide", () => {
  test("[CL80] every command, option, handle and expression that it names is there", async () => {
    const commands = new Set([...guide.matchAll(/shadowfold ([a-z-]+)/g)].map(([, name]) => name));
    expect(commands.size).toBeGreaterThan(9);
    for (const command of commands) {
      const { code, out } = await captureRun(command ?? "", "--help");
      expect([command, code]).toEqual([command, 0]);
      const [line = ""] = guide.split("\n").filter((one) => one.includes(`shadowfold ${command}`));
      for (const [option] of line.matchAll(/--[a-z-]+/g)) expect(out).toContain(option);
    }
    const handles = [...guide.matchAll(/\b(?:event|page|entry|finding):\d?\S*/g)]
      .map(([text]) => text.replace(/["\],.]+$/g, ""))
      .filter((text) => !text.includes("...") && !text.includes('"') && !text.endsWith(":"));
    for (const handle of handles)
      expect([handle, parseHandle(handle)?.kind]).toEqual([handle, handle.split(":")[0]]);
    expect(handles.length).toBeGreaterThan(5);
    const part = guide.slice(guide.indexOf("5. EXPRESSIONS"), guide.indexOf("6. EXIT"));
    const expressions = part
      .split("\n")
      .slice(2)
      .flatMap((line) => line.trim().split(/ {3,}/));
    for (const one of expressions.filter(Boolean)) expect(() => parseExpression(one)).not.toThrow();
    for (const line of guide.split("\n")) expect(line.length).toBeLessThanOrEqual(120);
  });

  test("[CL81] a handle that one answer names is taken by the next question", async () => {
    const handle = "page:0/00:04.0/0x1806000";
    const named = ["--device", "00:04.0", "--iova", "0x1806000"];
    for (const command of ["why", "translate"]) {
      const one = await captureRun(command, file, "--page", handle, "--json");
      expect(one).toEqual(await captureRun(command, file, ...named, "--json"));
      expect(one.code).toBe(0);
    }
    const at = (word: string) => captureRun("state", file, "--at", word, "--json");
    expect(await at("event:12")).toEqual(await at("12"));
    expect(await at("finding:SH1/12")).toEqual(await at("12"));
    expect((await at("page:0/1")).code).toBe(2);
    const missing = await captureRun("why", file, "--iova", "0x1000");
    expect(missing.err).toBe("error: required option '--device <bdf>' not specified\n");
    const wrong = await captureRun("why", file, "--page", "page:0/00:04.0/0x1001");
    expect(wrong.err).toMatch(/Expected a page/);
    const space = await captureRun(
      "translate",
      file,
      "--page",
      "page:0/00:04.0/5/0x1806000",
      "--json",
    );
    expect(JSON.parse(space.out)).toMatchObject({ pasid: 5 });
  });
});
