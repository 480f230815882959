import type { Access } from "../../events/input.ts";
import type { Answers, Expected } from "./answers.ts";
import type { Answer } from "./compose.ts";
import { compose, sameAnswer } from "./compose.ts";
import { pasidKey } from "./history.ts";
import type { Kept } from "./kept.ts";
import { follow, followNew } from "./kept.ts";
import { keepAnswer, keptAnswer } from "./kept-answers.ts";
import type { Oracle, World } from "./oracle.ts";
import { track } from "./oracle.ts";
import type { Asked, Resolved } from "./resolve.ts";
import { pasidUnder } from "./resolve.ts";
import { resolvedOf } from "./resolved.ts";
import type { FirstExpected } from "./table-answers.ts";
import { outcomesUnder } from "./table-answers.ts";
import { readThrough } from "./walk.ts";

/** What is right for one access. */
interface OneExpected {
  readonly now: Answer;
  readonly all: readonly Answer[];
  readonly dirty: boolean;
  readonly complete: boolean;
  readonly first: FirstExpected | undefined;
}

/** What is right while translation is off: the P2M alone, at once. */
function untranslated(world: World, { page, iova, asked }: Question): Expected {
  const offset = Number(iova & 0xfffn);
  const of = (access: Access): Answer => {
    // With PASID no write is an interrupt.
    const like = asked.pasid === undefined ? access : "read";
    const outcome = readThrough(world.unit, page, like, false);
    return compose(world.memory.p2m, outcome, false, access, offset);
  };
  const answers = { read: of("read"), write: of("write") };
  return { ...answers, pending: false, complete: true, candidates: [answers], kind: "off" };
}

/** What is right for one access to a byte, as far as it is known. */
function expectedOf(
  { unit, histories, memory }: World,
  { current, all, dirty, complete }: Resolved,
  iova: bigint,
  access: Access,
  asked: Asked,
): OneExpected {
  const offset = Number(iova & 0xfffn);
  const request = { page: Number(iova >> 12n), access, asked };
  const under = outcomesUnder(unit, histories, current, request);
  const answers: Answer[] = [];
  let isComplete = complete;
  for (const each of all) {
    const found = each === current ? under : outcomesUnder(unit, histories, each, request);
    isComplete &&= found.complete;
    for (const outcome of found.all) {
      const one = compose(memory.p2m, outcome, each.fpd, access, offset);
      if (!answers.some((other) => sameAnswer(one, other))) answers.push(one);
    }
  }
  const now = compose(memory.p2m, under.now, current.fpd, access, offset);
  return {
    now,
    all: answers,
    dirty: dirty || under.dirty,
    complete: isComplete,
    first: under.first,
  };
}

/** Candidates of both accesses side by side; the shorter list repeats its last. */
function side(read: OneExpected, write: OneExpected): readonly Answers[] {
  const count = Math.max(read.all.length, write.all.length);
  return Array.from({ length: count }, (_, index) => ({
    read: read.all[Math.min(index, read.all.length - 1)] ?? read.now,
    write: write.all[Math.min(index, write.all.length - 1)] ?? write.now,
  }));
}

/** A question that may be asked again and again of one oracle. */
export interface Question {
  readonly guest: number;
  readonly sid: number;
  readonly page: number;
  readonly iova: bigint;
  readonly asked: Asked;
  readonly name: string;
  /** Whether it was found to be watched, as it is from then on. */
  watched: boolean;
}

/** The question for a byte of a source-id's address space. */
export function questionOf(guest: number, sid: number, iova: bigint, asked: Asked): Question {
  const name = `${sid}:${iova}:${asked.pasid}:${asked.privileged}:${asked.execute}`;
  return { guest, sid, page: Number(iova >> 12n), iova, asked, name, watched: false };
}

/**
 * What is right for a byte of a source-id's address space now. Watches its page from now on, if it
 * did not before.
 *
 * @param iova   in bytes, below 2^64.
 * @param asked  PASID and rights of the request.
 * @returns both accesses; `undefined` where there is no such guest.
 */
export function expected(
  oracle: Oracle,
  guest: number,
  sid: number,
  iova: bigint,
  asked: Asked = {},
): Expected | undefined {
  return answer(oracle, questionOf(guest, sid, iova, asked));
}

/** The same for a question that was put together before. */
export function answer(oracle: Oracle, question: Question): Expected | undefined {
  const { guest, sid, page, asked, name } = question;
  question.watched ||= track(oracle, { guest, sid, page, pasid: asked.pasid });
  const world = oracle.worlds[guest];
  if (!world) return undefined;
  if (world.kept !== undefined) return answerOrKept(world, world.kept, question);
  const known = world.answers.get(name);
  if (known !== undefined) return known;
  const found = answerAnew(world, question);
  world.answers.set(name, found);
  return found;
}

const answerAnew = (world: World, question: Question): Expected =>
  world.te ? translated(world, question) : untranslated(world, question);

/** What was answered before, where nothing has changed that it may depend on. */
function answerOrKept(world: World, kept: Kept, question: Question): Expected {
  const { memory, histories, te } = world;
  const { name, page, watched } = question;
  const known = keptAnswer(kept, name, question, memory.p2m);
  if (known !== undefined) return known;
  memory.p2m.asked = new Set();
  const found = answerAnew(world, question);
  let isSettled = watched || !te;
  if (te) followNew(kept, histories);
  for (const first of te ? histories.firsts.values() : []) {
    if (first.page !== page) continue;
    follow(kept, first);
    isSettled &&= first.settled && !first.stale;
  }
  if (isSettled) keepAnswer(kept, name, question, memory.p2m, found);
  memory.p2m.asked = undefined;
  return found;
}

/** The words of the entries on a request's way, as they were sampled last. */
function pathOf(
  { unit, histories }: World,
  sid: number,
  asked: Asked,
): NonNullable<Expected["path"]> {
  const context = histories.contexts.get(sid);
  if (context === undefined) return [];
  const { current } = context;
  // Of a root entry of scalable mode one half counts.
  const unused = (unit.root & 0xc00n) === 0x400n ? ((sid & 0xff) < 128 ? 1 : 0) : -1;
  const words = context.words.filter((_, index) => index !== unused);
  const isScalable = current.kind === "directory" || current.kind === "extended";
  const used = isScalable ? pasidUnder(unit, current, asked) : undefined;
  if (used === undefined || !("pasid" in used)) return [words];
  const history = histories.pasids.get(pasidKey(sid, used.pasid));
  return history === undefined ? [words] : [words, history.path];
}

function translated(world: World, question: Question): Expected {
  const { sid, iova, asked: given, watched } = question;
  const { replaced } = world.histories;
  const { pasid, privileged, execute = false } = given;
  const asked = { pasid, privileged, execute };
  const resolved = resolvedOf(world, sid, asked);
  const read = expectedOf(world, resolved, iova, "read", asked);
  // No write executes.
  const written = { pasid, privileged, execute: false };
  const forWrite = execute ? resolvedOf(world, sid, written) : resolved;
  const write = expectedOf(world, forWrite, iova, "write", written);
  const complete = watched && read.complete && write.complete;
  const isReplaced = replaced.context || replaced.pasid || replaced.iotlb;
  const pending = read.dirty || write.dirty || isReplaced || !complete;
  const first = read.first && { read: read.first, write: write.first };
  const { current } = resolved;
  const nested = current.kind === "firstStage" && current.space.second !== undefined;
  const kind = nested ? "nested" : current.kind;
  const candidates = side(read, write);
  const path = pathOf(world, sid, asked);
  const answers = { read: read.now, write: write.now, candidates };
  const found = { ...answers, pending, complete, kind, path } as const;
  return first === undefined ? found : { ...found, first };
}
