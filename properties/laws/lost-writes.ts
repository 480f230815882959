import { hex, pageOf } from "../../events/address.ts";
import type { FactOf } from "../../events/fact.ts";
import type { InputOf } from "../../events/input.ts";
import type { Step } from "../../history/step.ts";
import type { Law } from "./law.ts";
import type { PageGrants } from "./probes.ts";
import { sightOf } from "./probes.ts";

type Lost = Pick<FactOf<"MemoryWriteDropped">, "gpa" | "length" | "why">;

const textOf = ({ gpa, length, why }: Lost): string => `${length} bytes at ${hex(gpa)}: ${why}`;

/** What of a CPU's write is lost, a page at a time. */
function lostOf({ gpa, bytes }: InputOf<"MemoryWrite">, grants: PageGrants): readonly string[] {
  const lost: string[] = [];
  const end = gpa + BigInt(bytes.length);
  for (let from: bigint = gpa; from < end; from = (from | 0xfffn) + 1n) {
    const why = grants.get(pageOf(from)) ?? "hole";
    const next = (from | 0xfffn) + 1n;
    const length = (next < end ? next : end) - from;
    if (why !== "open") lost.push(textOf({ gpa: from as Lost["gpa"], length, why }));
  }
  return lost;
}

/** How many bytes the unit writes at a time: a status, an entry, a page request, a descriptor. */
const unitWrites: readonly bigint[] = [4n, 8n, 16n, 32n, 64n];

/** Why what is told of lost writes is not so, or nothing. */
function check({ input, facts }: Step, grants: PageGrants): string | undefined {
  const told = facts.filter((fact) => fact.type === "MemoryWriteDropped");
  if (input.type === "MemoryWrite") {
    const [found, wanted] = [told.map(textOf), lostOf(input, grants)];
    if (found.join() === wanted.join()) return undefined;
    return `${found.join() || "nothing"} is lost, not ${wanted.join() || "nothing"}`;
  }
  for (const lost of told) {
    const why = grants.get(pageOf(lost.gpa)) ?? "hole";
    if (lost.why !== why || !unitWrites.includes(lost.length)) return `${textOf(lost)}, not ${why}`;
  }
  return undefined;
}

export const lostWritesAreTold: Law = {
  id: "FT4",
  says: "Of a write that the P2M does not take, by CPU or unit, the bytes that are lost are told.",
  sometimes: ["by the CPU", "by the unit", "read-only"],
  check(run, count) {
    const { grants } = sightOf(run);
    for (const step of run.steps) {
      const pages = grants.get(step.seq);
      if (pages === undefined) continue;
      const text = check(step, pages);
      if (text !== undefined) return { law: "FT4", seq: step.seq, text };
      const lost = step.facts.find((fact) => fact.type === "MemoryWriteDropped");
      if (lost?.type !== "MemoryWriteDropped") continue;
      count(step.input.type === "MemoryWrite" ? "by the CPU" : "by the unit");
      if (lost.why === "readOnly") count("read-only");
    }
    return undefined;
  },
};
