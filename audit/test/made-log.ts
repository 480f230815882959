import type { Input } from "../../events/input.ts";
import { at } from "../../events/registers/offset.ts";
import type { Setup } from "../../events/setup.ts";
import { stepOf } from "../../history/step.ts";
import { createWorld } from "../../hypervisor/create-world.ts";
import { memory, queue, write8 } from "../../properties/examples/driver.ts";
import type { Inputs } from "../../properties/examples/given.ts";
import { flat } from "../../properties/examples/given.ts";
import type { AuditReport } from "../audit.ts";
import { startAudit } from "../audit.ts";
import type { Finding } from "../finding.ts";

/** Descriptors of the ring at `queue`, of 16 bytes each. */
const ring = 256;

/** A log that is made by hand, with names for some of its events. */
export interface MadeLog {
  /** Adds inputs; the last of them gets the name. */
  readonly add: (inputs: Inputs, name?: string) => MadeLog;
  /** Puts descriptors into the queue and moves the tail; the move gets the name. */
  readonly submit: (descriptors: readonly bigint[], name?: string) => MadeLog;
  readonly inputs: readonly Input[];
  /** The place of each name among the inputs. */
  readonly names: ReadonlyMap<string, number>;
}

/** An empty log. */
export function madeLog(): MadeLog {
  const inputs: Input[] = [];
  const names = new Map<string, number>();
  let tail = 0;
  const log: MadeLog = {
    inputs,
    names,
    add: (more, name) => {
      for (const one of flat(more)) inputs.push(one);
      if (name !== undefined) names.set(name, inputs.length - 1);
      return log;
    },
    submit: (descriptors, name) => {
      for (const one of descriptors) {
        const place = queue + BigInt((tail % ring) * 16);
        inputs.push(memory(place, BigInt.asUintN(64, one), one >> 64n));
        tail += 1;
      }
      return log.add(write8(at.iqt, BigInt((tail % ring) * 16)), name);
    },
  };
  return log;
}

/** What the audit of a made log comes to. */
export interface MadeAudit {
  readonly report: AuditReport;
  /** The findings that are errors or warnings. */
  readonly serious: readonly Finding[];
  /** The name of the step in which an event lies, else its number as a text. */
  readonly nameAt: (seq: number) => string;
}

/** Folds and audits a made log. */
export function auditOf(setup: Setup, { inputs, names }: MadeLog): MadeAudit {
  let world = createWorld(setup);
  const audit = startAudit(world);
  const starts: number[] = [];
  for (const input of inputs) {
    const step = stepOf(world, input);
    starts.push(step.seq);
    audit.follow(step);
    world = step.after;
  }
  const report = audit.report();
  const nameAt = (seq: number): string => {
    const place = starts.findLastIndex((start) => start <= seq);
    for (const [name, index] of names) if (index === place) return name;
    return seq.toString();
  };
  const serious = report.findings.filter(({ severity }) => severity !== "info");
  return { report, serious, nameAt };
}
