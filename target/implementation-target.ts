import type { Profile, ProfileWords } from "../events/profile/profile.ts";
import { profileOf } from "../events/profile/profile.ts";
import { ProfileError } from "../events/profile/profile-check.ts";
import { registersOf } from "../projections/registers/registers.ts";
import { isPossible } from "./ability.ts";
import { bytesOf, read, sightOf } from "./answers-sight.ts";
import type { Connection } from "./connection/connection.ts";
import { Misbehaviour } from "./connection/connection.ts";
import { shown } from "./fields.ts";
import type { Hello, Request } from "./implementation.ts";
import { protocolVersion } from "./implementation.ts";
import { ProgramError } from "./program-error.ts";
import type { Asked } from "./requests.ts";
import { askedOf, requestOf } from "./requests.ts";
import type { Steps } from "./sight.ts";
import type { EndSignal, Target, TargetPlan } from "./target.ts";

/** The step that a request belongs to: the first one whose read of registers comes after it. */
function stepOf({ places }: Asked, index: number): number {
  const step = places.findLastIndex(({ own }) => own <= index);
  return Math.max(0, step);
}

/** The unit that a target is to be. @throws ProgramError when no unit can be so. */
function unitOf(words: ProfileWords): Profile {
  try {
    return profileOf(words);
  } catch (error) {
    if (!(error instanceof ProfileError)) throw error;
    throw new ProgramError(`is a unit that cannot be: ${error.message}`);
  }
}

/** @throws ProgramError when what a target says of itself cannot be. */
function checkHello({ version, can = [] }: Hello, unit: Profile): void {
  if (version !== protocolVersion) {
    const own = protocolVersion.toString();
    throw new ProgramError(`speaks version ${version.toString()} of the protocol, not ${own}`);
  }
  const lacking = can.find((each) => !isPossible(each, unit));
  if (lacking === undefined) return;
  throw new ProgramError(`says that it can do ${lacking}, and its ECAP says that it cannot`);
}

/** What reads all registers of a unit. */
export const everyRegister = (unit: Profile): Request => {
  const ends = registersOf(unit).specs.map(({ offset, bytes }) => offset + bytes);
  return { op: "readRegisters", offset: 0, length: Math.min(4096, Math.max(...ends)) };
};

/** @throws ProgramError when a unit does not show the capabilities that it was made with. */
function checkWords(registers: Uint8Array, unit: Profile): void {
  const view = new DataView(registers.buffer, registers.byteOffset);
  const found = {
    ver: BigInt(view.getUint32(0, true)),
    cap: view.getBigUint64(8, true),
    ecap: view.getBigUint64(16, true),
  };
  for (const name of ["ver", "cap", "ecap"] as const) {
    if (found[name] === unit[name]) continue;
    const shows = `shows ${name.toUpperCase()} ${shown(found[name])}`;
    throw new ProgramError(`${shows} where it has to be ${shown(unit[name])}`);
  }
}

/** How to reach a target, and what it is to be. */
export interface Reaching {
  readonly name: string;
  readonly lanes: number;
  readonly connect: (end?: EndSignal) => Promise<Connection>;
  /** Seconds that it may be silent. */
  readonly patience: number;
  /** Its capabilities; those that it names itself when missing. */
  readonly words?: ProfileWords;
}

/** Seconds that somebody waits for what did not come before. */
const hurriedPatience = 0.5;

async function begin(
  connection: Connection,
  { words, patience }: Reaching,
  isHurried: boolean,
): Promise<Target> {
  const later = isHurried ? Math.min(hurriedPatience, patience) : patience;
  const [value] = await connection.exchange([{ op: "hello", version: protocolVersion }], patience);
  const hello = read("hello", value, 0);
  const unit = unitOf(words ?? { name: hello.name, ...wordsOf(hello) });
  checkHello(hello, unit);
  const reset: Request = { op: "reset", ...wordsOf(unit) };
  const registers = everyRegister(unit);
  const [done, shownFirst] = await connection.exchange([reset, registers], patience);
  read("reset", done, 0);
  checkWords(bytesOf(registers, shownFirst, 1), unit);
  return {
    words: { name: unit.name, ...wordsOf(unit) },
    title: hello.name,
    can: new Set(hello.can ?? []),
    perform: async (steps) => {
      const asked = askedOf(steps, reset, registers);
      try {
        return sightOf(steps, asked, await connection.exchange(asked.requests, later));
      } catch (error) {
        if (!(error instanceof Misbehaviour)) throw error;
        throw new Misbehaviour(error.message, stepOf(asked, error.index), error.isSilent);
      }
    },
    stop: connection.stop,
  };
}

const wordsOf = ({ ver, cap, ecap }: Hello | Profile) => ({ ver, cap, ecap });

/** Puts the name of a target before what it did wrong. */
async function named<T>(work: Promise<T>, name: string, connection: Connection): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof ProgramError)) throw error;
    const known = await connection.explain(error);
    const text = `${name}: ${known.message}`;
    throw known instanceof Misbehaviour
      ? new Misbehaviour(text, known.index, known.isSilent)
      : new ProgramError(text);
  }
}

/** A target that answers requests. */
export const implementationPlan = (reaching: Reaching): TargetPlan => ({
  name: reaching.name,
  lanes: reaching.lanes,
  fit: (inputs) => inputs.filter((input) => requestOf(input) !== undefined),
  start: async ({ isHurried = false, end } = {}) => {
    const { name } = reaching;
    const connection = await reaching.connect(end).catch((error: unknown) => {
      throw error instanceof ProgramError ? new ProgramError(`${name}: ${error.message}`) : error;
    });
    try {
      const target = await named(begin(connection, reaching, isHurried), name, connection);
      const perform = (steps: Steps) => named(target.perform(steps), name, connection);
      return { ...target, perform };
    } catch (error) {
      await connection.stop();
      throw error;
    }
  },
});
