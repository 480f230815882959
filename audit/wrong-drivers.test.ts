import { describe, expect, it } from "vitest";
import { auditOf } from "./test/made-log.ts";
import { wrongDrivers } from "./test/wrong-drivers.ts";

describe("a driver that", () => {
  for (const { does, rule, at, says = "", setup, wrong, right } of wrongDrivers) {
    it(`[AU1] ${does} is named by ${rule}, at the event that is wrong`, () => {
      const { serious, nameAt } = auditOf(setup, wrong());
      const found = serious.map((one) => ({ rule: one.rule, at: nameAt(one.at), text: one.text }));
      expect(found).toEqual([{ rule, at, text: expect.stringContaining(says) }]);
    });

    it(`[AU2] ${does}, once it is repaired, is not named at all`, () => {
      expect(auditOf(setup, right()).serious).toEqual([]);
    });
  }
});
