import { describe, expect, it } from "vitest";
import * as calls from "./calls.ts";
import * as events from "./events.ts";
import * as history from "./history.ts";
import * as machines from "./machines.ts";
import * as projections from "./projections.ts";
import * as properties from "./properties.ts";
import * as shadowfold from "./shadowfold.ts";

const modules = { shadowfold, calls, events, history, machines, projections, properties };
const classes = Object.values(modules).flatMap((one) =>
  Object.entries<unknown>(one).flatMap(([name, value]) =>
    typeof value === "function" && value.prototype instanceof Error
      ? [[name, value as new (...said: readonly unknown[]) => Error] as const]
      : [],
  ),
);

describe("errors of the door", () => {
  it("[LB3] there are these, and no more", () => {
    expect(classes.map(([name]) => name).toSorted()).toEqual([
      ...["EditError", "ExpressionError", "LogError", "MalformedError"],
      ...["ProfileError", "ProgramError", "SetupError"],
    ]);
  });

  it.each(classes)("[LB3] %s says its name", (name, Class) => {
    const error = new Class(1, "why", "so");
    expect([error.name, `${error.toString()} `.startsWith(`${name}: `)]).toEqual([name, true]);
  });
});
