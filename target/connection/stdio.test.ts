import { describe, expect, it } from "vitest";
import { connectStdio } from "./stdio.ts";

/** What is said of a program that is asked for a greeting. */
async function saidOf(command: string, patience: number): Promise<string> {
  const { exchange, stop } = await connectStdio(command);
  try {
    await exchange([{ op: "hello", version: 1 }], patience);
    return "nothing";
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    await stop();
  }
}

/** Prints so many times the digit 0. */
const zeros = (count: number): string => `head -c ${count.toString()} /dev/zero | tr '\\0' 0`;
const mebi = 1 << 20;

describe("a program by its standard output", () => {
  it.each([
    ["without an end", `${zeros(mebi + 1)}; sleep 9`],
    ["with one", `${zeros(mebi + 1)}; echo; sleep 9`],
  ])("[TG4] that prints a line of more than 1 MiB is told so: %s", async (_, command) => {
    expect(await saidOf(command, 20)).toBe("prints a line of more than 1 MiB");
  });

  it("[TG4] may print a line of 1 MiB", async () => {
    const text = await saidOf(`${zeros(mebi)}; echo; sleep 9`, 20);
    expect(text).toMatch(/^prints what is no JSON object: 0{100}…$/);
  });

  it.each([
    ["a part of a line", "printf 'half a line'; sleep 9", ": its line of 11 characters has no end"],
    ["empty lines", "while :; do echo; sleep 0.1; done", ""],
  ])("[TG4] that prints %s and no more does not answer", async (_, command, more) => {
    expect(await saidOf(command, 1)).toBe(`does not answer hello for 1 s${more}`);
  });
});
