import { expect, test } from "vitest";
import { parseExpression } from "../history/expression/expression.ts";
import { shownExpressions } from "./expressions-page.ts";

test("[TT8] every expression that docs/expressions.md shows is one", () => {
  for (const text of shownExpressions) expect(() => parseExpression(text)).not.toThrow();
});
