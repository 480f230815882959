import { describe, expect, it } from "vitest";
import { huntEvents } from "../hunt/event-hunt.ts";
import type { Noticed } from "../hunt/notice.ts";
import { laws } from "../laws/all.ts";
import type { EventMutant } from "./event-mutant.ts";
import { eventMutants, subjectOf } from "./event-mutant.ts";
import { noticedIn, noticedRows, noticedText } from "./noticed.ts";

const rows = noticedRows();
const nameOf = (subject: string, how: string): string => `${subject}: ${how}`;

describe("which law would notice", () => {
  it("[NO1] each fact, each of its fields and each field of a register has its rows", () => {
    const wanted = eventMutants.map((mutant) => nameOf(subjectOf(mutant), mutant.how));
    expect(rows.map(({ subject, how }) => nameOf(subject, how)).toSorted()).toEqual(
      wanted.toSorted(),
    );
  });

  it("[NO2] something of each of them is noticed by a law", () => {
    const noticed = new Set(
      rows.flatMap(({ subject, laws: by }) => (by.length > 0 ? subject : [])),
    );
    const missed = eventMutants.map(subjectOf).filter((subject) => !noticed.has(subject));
    expect([...new Set(missed)]).toEqual([]);
  });

  it("[NO3] the laws of a row exist, and a row goes through its file", () => {
    const known = new Set([...laws.map(({ id }) => id), "WO3"]);
    expect(rows.flatMap(({ laws: by }) => by).filter((id) => !known.has(id))).toEqual([]);
    expect(noticedIn(noticedText(rows))).toEqual(rows);
  });

  it("[NO4] turned as the hunt does, a fact and a field of a register are noticed", async () => {
    const turned: readonly EventMutant[] = [
      { of: "fact", fact: "DescriptorFetched", how: "missing" },
      { of: "register", register: "GSTS", field: "tes", how: "read" },
    ];
    const found: (readonly [EventMutant, Noticed])[] = [];
    const how = { seed: 1, worlds: 6, changed: 6, patience: 60_000 };
    await huntEvents(turned, how, (mutant, noticed) => found.push([mutant, noticed]));
    expect(found.map(([mutant]) => mutant)).toEqual(turned);
    expect(found[0]?.[1].laws).toContain("QU3");
    expect(found[1]?.[1].laws.some((id) => id === "FT1" || id === "GS1")).toBe(true);
  }, 120_000);
});
