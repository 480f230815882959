import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseJson, RepeatedKeyError } from "./json.ts";

describe("JSON that others wrote", () => {
  test("[LO6] has its value, whatever its strings hold and however it is spaced", () => {
    const anyText = fc.oneof(fc.string(), fc.constantFrom('":', '\\":', '{"a":1,"a":2}', '"a" :'));
    const { value: anyValue } = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 3 },
        anyText,
        fc.integer(),
        fc.array(tie("value"), { maxLength: 3 }),
        fc.dictionary(anyText, tie("value"), { maxKeys: 3 }),
      ),
    }));
    fc.assert(
      fc.property(anyValue, fc.constantFrom(undefined, 1, "\t"), (value, space) => {
        expect(parseJson(JSON.stringify(value, null, space))).toEqual(value);
      }),
    );
  });

  test.each([
    ['{"a":1,"a":2}', '"a"'],
    ['{"a":1,"b":{"c":[{"d":1, "d" : 1}]}}', '"d"'],
    ['{"a":1,"\\u0061":1}', '"\\u0061"'],
    ['{"":1,"x":"\\":","":1}', '""'],
    ['{"a":{"b":1},"c":{"b":1},"a":0}', '"a"'],
    ['{"__proto__":1,"__proto__":2}', '"__proto__"'],
  ])("[LO6] with a key twice is refused: %s", (text, key) => {
    expect(() => parseJson(text)).toThrow(new RepeatedKeyError(key));
  });

  test("[LO6] may have a key once in each of several objects", () => {
    const text = '[{"a":1},{"a":{"a":[{"a":"\\":"}]}}]';
    expect(parseJson(text)).toEqual([{ a: 1 }, { a: { a: [{ a: '":' }] } }]);
  });
});
