import { expect, it } from "vitest";
import { servePage } from "../cli/debugger-server.ts";
import { answerTo, newWord } from "./page/greeting.ts";

it("[DB28] a server shows that it has the token without being told it", async () => {
  const served = { page: "", file: "none", name: "none", host: "127.0.0.1", port: 0 };
  const server = await servePage(served);
  const { origin, pathname } = new URL(server.address);
  const [, token = ""] = pathname.split("/");
  const word = newWord();
  const answer = await fetch(`${origin}/hello/${word}`);
  const text = await answer.text();
  expect([answer.status, text]).toEqual([200, answerTo(token, word)]);
  expect(answerTo(token, newWord())).not.toBe(text);
  expect(text).not.toContain(token);
  for (const bad of ["", "x", `${word}0`]) {
    expect((await fetch(`${origin}/hello/${bad}`)).status).toBe(404);
  }
  const foreign = { headers: { Origin: "http://evil.example" } };
  expect((await fetch(`${origin}/hello/${word}`, foreign)).status).toBe(403);
  await server.close();
});
