import { describe, expect, it } from "vitest";
import { profiles } from "../events/profile/profiles.ts";
import { abilitiesOf } from "../target/ability.ts";
import { modelTarget } from "../target/model-target.ts";
import { vectorsOf } from "./chosen.ts";
import { decodeVectors, encodeVectors } from "./format.ts";
import { firstWrong } from "./judge.ts";

describe("files", () => {
  it("[VC5] read back what was written", () => {
    const profile = profiles["xen-vvtd"];
    const vectors = vectorsOf(profile).map(({ vector }) => vector);
    expect(vectors.length).toBeGreaterThan(10);
    const text = encodeVectors(profile, vectors);
    const { words, vectors: found } = decodeVectors(text);
    expect(words).toEqual({ ver: profile.ver, cap: profile.cap, ecap: profile.ecap });
    expect(encodeVectors(profile, found)).toBe(text);
    const target = modelTarget(profile, abilitiesOf(profile));
    for (const { id, steps } of found) {
      const { ver, cap, ecap } = profile;
      target.reset({ ver, cap, ecap });
      expect([id, firstWrong(target, steps)]).toEqual([id, undefined]);
    }
  });

  const words = '"ver":"0x10","cap":"0xd2038c226f0686","ecap":"0xfc3"';
  const head = `{"vectors":1,"profile":"x",${words}}`;
  const cut = head.replace("}", ',"cases":2}');
  /** A file with one case of these steps. */
  const steps = (...all: readonly object[]) =>
    `${head}\n${JSON.stringify({ id: "a", steps: all })}\n`;
  const read = { op: "readRegisters", offset: 0, length: 4, expect: { bytes: "00000000" } };
  const same = JSON.stringify({ id: "a", steps: [read] });
  const dma = { op: "dma", source: 8, address: "0x1000", access: "read", length: 8, expect: {} };
  const bad: readonly (readonly [string, number, string])[] = [
    ["", 1, "is empty"],
    ["\n \n", 1, "is empty"],
    ["[]", 1, "no JSON object"],
    ["{", 1, "no JSON"],
    ["{}", 1, "no file of vectors"],
    ['{"vectors":7}', 1, "format 7, which is not known"],
    ['{"vectors":1,"profile":"x"}', 1, "the head lacks the field ver"],
    [
      head.replace("0x10", "ten"),
      1,
      'the head has a wrong ver: it has to be a number of 64 bits, not "ten"',
    ],
    [head.replace("}", ',"case":2}'), 1, 'the head has the unknown field "case"'],
    [
      head.replace("0xd2038c226f0686", "0x0"),
      1,
      expect.stringMatching(/^is for a unit that cannot be: ./),
    ],
    [`${head}\n{"steps":[]}`, 2, "a case lacks the field id"],
    [`${head}\n{"id":"a"}`, 2, "a case lacks its steps: a"],
    [`${head}\n{"id":"a","steps":[]}`, 2, "a case lacks its steps: a"],
    [`${head}\n${same}\n{`, 3, "no JSON"],
    [steps({ op: "sing" }), 2, 'step 1 of a has the unknown op "sing"'],
    [steps({ op: "reset" }), 2, 'step 1 of a has the unknown op "reset"'],
    [steps(read, { ...dma, expect: undefined }), 2, "step 2 of a lacks the field expect"],
    [
      steps({ ...dma, address: -7 }),
      2,
      "step 1 of a has a wrong address: it has to be a number of 64 bits, not -7",
    ],
    [
      steps({ ...dma, bytes: "0" }),
      2,
      'step 1 of a has a wrong bytes: it has to be hexadecimal digits, two a byte, not "0"',
    ],
    [
      steps({ ...dma, source: 1 << 16 }),
      2,
      "step 1 of a has a wrong source: it has to be a number from 0 to 65535, not 65536",
    ],
    [steps({ ...dma, speed: 1 }), 2, 'step 1 of a has the unknown field "speed"'],
    [steps({ ...dma, expect: { speed: 1 } }), 2, 'step 1 of a has the unknown field "speed"'],
    [
      steps({ ...dma, access: "peek" }),
      2,
      'step 1 of a has a wrong access: it has to be among read, write, not "peek"',
    ],
    [
      steps({ ...read, offset: -8 }),
      2,
      "step 1 of a has a wrong offset: it has to be a number from 0 to 4095, not -8",
    ],
    [steps({ ...read, offset: 4094 }), 2, "step 1 of a goes beyond the 4096 bytes of registers"],
    [
      steps({ ...read, length: 0 }),
      2,
      "step 1 of a has a wrong length: it has to be a number from 1 to 4096, not 0",
    ],
    [
      steps({ ...read, expect: { bytes: "00000000", mask: "ff" } }),
      2,
      "step 1 of a has 1 bytes of mask, not as many as of bytes",
    ],
    [steps({ ...dma, expect: { mask: "ff" } }), 2, 'step 1 of a has the unknown field "mask"'],
    [
      `${head}\n{"id":"a","needs":["wings"],"steps":[]}`,
      2,
      expect.stringMatching(/^a case has a wrong needs: it has to be among .*, not "wings"$/),
    ],
    [`${cut}\n`, 1, "the file is cut or was changed: it has 0 cases instead of 2"],
    [`${cut}\n${same}\n${same}\n`, 3, "a case has the id a, as line 2 has"],
  ];
  it.each(bad)("[VC5] that are none are told by line and reason: %s", (text, line, message) => {
    expect(() => decodeVectors(text)).toThrow(expect.objectContaining({ line, message }));
  });
});
