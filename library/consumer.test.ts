import { readFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ConsumerProject } from "./test/consumer-project.ts";
import { newConsumerProject } from "./test/consumer-project.ts";

const nodenext = { module: "nodenext", moduleResolution: "nodenext" };
const bundler = { module: "esnext", moduleResolution: "bundler" };
const node = { types: ["node"] };

let project: ConsumerProject;

beforeAll(() => {
  project = newConsumerProject("@types/node", "undici-types");
}, 120_000);

afterAll(() => project.remove());

/** Says `@ts-expect-error` where something must not compile; needs no types but those of ES2023. */
const consumer = `
import { createWorld, fold, MalformedError, notify, steps, translate, why } from "shadowfold";
import type { Explanation, Step, Subscriber, Unseen } from "shadowfold";
import type { Call } from "shadowfold/calls";
import { ableHost, callsAfterFailure, callsAtStart, callsOf, offerOn } from "shadowfold/calls";
import type { Fact, Gpa, Input, Setup } from "shadowfold/events";
import { checkInput, gpa, iova, profiles, sourceId } from "shadowfold/events";
import { compareHistories, historyOf } from "shadowfold/history";
import type { Answers, Query } from "shadowfold/history";
import { charts, queue } from "shadowfold/machines";
import type { QueueState, QueueStimulus, QueueUnit } from "shadowfold/machines";
import type { World } from "shadowfold/projections";
import { stateHash, summarise } from "shadowfold/projections";
import { laws, runOf } from "shadowfold/properties";

declare const console: { log(...text: unknown[]): void };

const { ver, cap, ecap } = profiles["qemu-legacy"];
const device = sourceId(0x20);
const devices = [{ device, physical: true }];
const setup: Setup = { guests: [{ ver, cap, ecap, p2m: [], devices }] };
const world: World = createWorld(setup);
const dma: Input = { type: "Dma", device, iova: iova(0x1000n), access: "read" };
const facts: readonly Fact[] = fold(world, dma).facts;
// @ts-expect-error: no input has this name.
const misspelt: Input = { type: "Dmaa", device, iova: iova(0n) };
// @ts-expect-error: a DMA has no such field.
const stray: Input = { type: "Dma", device, iova: iova(0n), acess: "read" };
// @ts-expect-error: a GPA is no IOVA.
const mixed: Input = { type: "Dma", device, iova: gpa(0n) };
// @ts-expect-error: no fact has this name.
const deaf: Subscriber = { DmaBlockd: () => {} };
const page: Gpa = gpa(0x7000n);
const told: Explanation = why(world, [dma], { device, iova: iova(0x1000n) });
const all: Step[] = [...steps(world, [dma])];
notify(all[0] as Step, deaf, { DmaBlocked: ({ host }) => console.log("blocked", host) });
const unseen: readonly (Unseen | undefined)[] = told.kind === "dma" ? told.unseen : [];
console.log(unseen.length > 0);
console.log(facts.map(({ type }) => type).join(), told.kind, page);
console.log(charts.some(({ id }) => id === "invalidation queue"));
console.log(translate(world, { device, iova: iova(0n) }).composed);
console.log(stateHash(world).length, Object.keys(summarise(world.guests[0]!).tables).length > 2);
const errors = { IQE: false, ICE: false, ITE: false };
const ring: QueueUnit = { address: 0n, head: 0, lastWasWait: true, unanswered: [], errors };
const moved: QueueStimulus = { type: "TailMoved", tail: 32 };
const idle: QueueState = "idle";
console.log(queue.step(idle, moved, ring).map(({ type }) => type).join());
// @ts-expect-error: a queue has no such state.
queue.step("asleep", moved, ring);
// @ts-expect-error: a queue is told no such thing.
queue.step("idle", { type: "TailMovd", tail: 32 }, ring);
const past = historyOf(setup, [dma]);
const query: Query = { ask: "forward", at: 0, where: 'fact == "DmaBlocked"' };
const blockedAt: Answers["forward"] = past.ask(query);
// @ts-expect-error: there is no such question.
const unasked: Query = { ask: "forwards", at: 0, where: "true" };
console.log(blockedAt?.seq, compareHistories(past, past).differing, past.last);
const asked: readonly Call[] = [...callsAtStart(world, 0), ...callsOf(all[0] as Step, 0)];
const lacking = { ...ableHost, inputBits: 39 };
const { limited } = offerOn({ ver, cap, ecap, haw: 39 }, lacking);
console.log(asked.map(({ call }) => call).join(), limited.map(({ field }) => field).join());
console.log(callsAfterFailure(world, asked[0] as Call, "timedOut", 0).length);
const run = runOf({ setup, inputs: [dma] });
console.log(laws.flatMap((law) => law.check(run, () => {}) ?? []));
try {
  checkInput({ type: "Dma" });
} catch (error) {
  console.log(error instanceof MalformedError);
}
`;

const printed = `blocked hole
false
DmaBlocked dma 28672n
true
{ hole: true }
64 true
QueueStarted
2 0 2
createSpace,attach CAP.SAGAW,CAP.MGAW
1
[]
true
`;

describe("the packed package, in an empty folder", () => {
  it("[LB1] type-checks under nodenext, without the types of Node, and runs", () => {
    const options = { ...nodenext, types: [], outDir: "out" };
    expect(project.compile(options, { "consumer.ts": consumer })).toBe("");
    expect(project.run("out/consumer.js")).toBe(printed);
  });

  it("[LB1] type-checks under bundler, is bundled, and runs", async () => {
    const options = { ...bundler, types: [], outDir: "bundled" };
    expect(project.compile(options, { "consumer.ts": consumer })).toBe("");
    await build({
      ...{ absWorkingDir: project.folder, entryPoints: ["bundled/consumer.js"], bundle: true },
      ...{ outfile: "bundle.mjs", platform: "node", format: "esm", logLevel: "silent" },
    });
    expect(project.run("bundle.mjs")).toBe(printed);
  });

  it("[LB1] only xstate's declarations need skipLibCheck, and under one option alone", () => {
    const all = (options: object) =>
      project.compileAll(
        { ...nodenext, ...node, ...options, noEmit: true },
        { "whole.ts": consumer },
      );
    const errors = all({})
      .split(/\n(?! )/)
      .filter((error) => error !== "");
    const where = /node_modules\/xstate\/dist\/declarations\/src\/\S+\.d\.ts.* error TS2344:/;
    expect(errors.length).toBeGreaterThan(0);
    expect(errors.filter((error) => !where.test(error))).toEqual([]);
    expect(all({ skipLibCheck: true })).toBe("");
    expect(all({ exactOptionalPropertyTypes: false })).toBe("");
  });

  it.each([nodenext, bundler])("[LB2] what is not exported does not resolve: %o", (options) => {
    const names = ["shadowfold/hypervisor", "shadowfold/dist/library/events.mjs", "shadowfold/cli"];
    const source = names.map((name) => `import "${name}";\nimport type {} from "${name}";\n`);
    const out = project.compile({ ...options, noEmit: true }, { "stray.ts": source.join("") });
    const lost = [...out.matchAll(/error TS2(?:307|882): .*'(shadowfold\/.*?)'/g)];
    expect(new Set(lost.map(([, name]) => name))).toEqual(new Set(names));
  });

  it("[LB2] what is not exported is refused when it is imported", () => {
    const names = ["shadowfold/hypervisor", "shadowfold/dist/library/shadowfold.mjs"];
    const source = `for (const name of ${JSON.stringify(names)}) {
      await import(name).catch(({ code }) => console.log(code));
    }`;
    project.compile({ ...nodenext, ...node, outDir: "out" }, { "refused.ts": source });
    expect(project.run("out/refused.js")).toBe("ERR_PACKAGE_PATH_NOT_EXPORTED\n".repeat(2));
  });
});

describe("docs/library.md", () => {
  const page = readFileSync(new URL("../docs/library.md", import.meta.url), "utf8");
  const blocks = (language: string): string =>
    [...page.matchAll(/^```(\w*)\n(.*?)^```$/gms)]
      .filter(([, of]) => of === language)
      .map(([, , text]) => text)
      .join("\n");

  it("[LB5] its code is strict TypeScript and prints what stands there", () => {
    const options = { ...nodenext, ...node, outDir: "out" };
    expect(project.compile(options, { "page.ts": blocks("ts") })).toBe("");
    expect(project.run(join("out", "page.js"))).toBe(blocks("text"));
  });

  it("[LB5] it names each module that there is", () => {
    const { exports } = JSON.parse(
      readFileSync(new URL("../package.json", import.meta.url), "utf8"),
    ) as { exports: Record<string, unknown> };
    const rows = [...page.matchAll(/^\| `(shadowfold\S*)` \|/gm)].map(([, name]) => name);
    const names = Object.keys(exports).map((path) => path.replace(/^\./, "shadowfold"));
    expect([...rows, "shadowfold/package.json"].toSorted()).toEqual(names.toSorted());
  });
});
