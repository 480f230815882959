import { env } from "node:process";
import { describe, expect, test } from "vitest";
import { Ecap } from "../../events/registers/capability.ts";
import type { GuestSetup } from "../../events/setup.ts";
import { programsOf } from "../world/program.ts";
import { anyGuests } from "../world/setup.ts";
import { laws } from "./all.ts";
import { judgeWorlds } from "./judge-worlds.ts";
import { ordinary } from "./ordinary.ts";

const worlds = Number(env["SHADOWFOLD_WORLDS"] ?? 12);
const seed = Number(env["SHADOWFOLD_SEED"] ?? ordinary.seed);

/** Scalable mode's paging structures are seen otherwise than all else. */
const split = (guest: GuestSetup): GuestSetup => ({
  ...guest,
  ecap: guest.ecap ^ Ecap.mask("smpwcs"),
});

const isScalable = ({ ecap }: GuestSetup): boolean => (ecap & Ecap.mask("smts")) !== 0n;

describe("a unit whose ECAP.SMPWC differs from ECAP.C", () => {
  test(
    "[TR16] holds all laws",
    () => {
      const guests = anyGuests.filter((all) => all.every(isScalable)).map((all) => all.map(split));
      const programs = programsOf({ guests, without: new Set(), strange: true });
      const how = { seed, worlds, patience: 60_000, twice: 50 };
      const { reports } = judgeWorlds({ programs, laws, ...how });
      expect([...reports.values()]).toEqual([]);
    },
    60_000 + worlds * 2_000,
  );
});
