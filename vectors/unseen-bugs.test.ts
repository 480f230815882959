import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { bugs } from "../properties/bugs/all.ts";
import { allChosen } from "./chosen.ts";
import { unseenBugs } from "./rules/unseen-bugs.ts";

describe("seeded bugs that can be seen from outside", () => {
  const kills = new Set(allChosen().flatMap((each) => each.kills));
  const killed = bugs.filter(({ id }) => kills.has(id));
  const visible = bugs.filter(({ id }) => !unseenBugs.has(id));

  it("[VC20] each fails a case, or it is said why none can show it, or it is one of few", () => {
    expect(killed.filter(({ id }) => unseenBugs.has(id))).toEqual([]);
    const stray = [...unseenBugs.keys()].filter((id) => !bugs.some((bug) => bug.id === id));
    expect(stray).toEqual([]);
    expect(killed.length / visible.length).toBeGreaterThanOrEqual(0.9);
  });

  it("[VC20] docs/vectors.md has the figures, the reasons, and the bugs that no case finds", () => {
    const page = readFileSync(new URL("../docs/vectors.md", import.meta.url), "utf8");
    const [found, all, seen] = [killed.length, bugs.length, visible.length];
    const share = Math.floor((100 * found) / seen);
    expect(page).toContain(
      `Of ${all} seeded bugs ${seen} can be seen from outside; ` +
        `${found} of these (${share} %) fail a case.`,
    );
    const missed = visible.filter((bug) => !killed.includes(bug)).map(({ id }) => `\`${id}\``);
    expect(page).toContain(`Those that pass every case: ${missed.join(", ")}.`);
    const reasons = [...new Set(unseenBugs.values())].map((why) => {
      const ids = [...unseenBugs].flatMap(([id, other]) => (other === why ? [`\`${id}\``] : []));
      return `| ${why} | ${ids.join(" ")} |`;
    });
    for (const row of reasons) expect(page).toContain(row);
  });
});
