import { render } from "preact";
import { App } from "./app.tsx";
import { answerTo, newWord } from "./greeting.ts";
import { onKey } from "./keys.ts";
import * as moves from "./moves.ts";
import * as store from "./store.ts";

/** The log that an exported page has in itself, as bytes. */
function packedLog(): { name: string; bytes: Blob } | undefined {
  const element = document.getElementById("log");
  const text = element?.textContent?.trim() ?? "";
  if (element === null || text === "") return undefined;
  const packed = atob(text);
  const bytes = new Uint8Array(packed.length);
  for (let at = 0; at < packed.length; at++) bytes[at] = packed.charCodeAt(at);
  element.remove();
  return { name: element.dataset["name"] ?? "log", bytes: new Blob([bytes]) };
}

const retryMs = 3000;

/** Whether the server that was there is there again; who else listens now is not told the token. */
async function isBack(): Promise<boolean> {
  const word = newWord();
  try {
    const answer = await fetch(`/hello/${word}`);
    const [, token = ""] = location.pathname.split("/");
    return answer.ok && (await answer.text()) === answerTo(token, word);
  } catch {
    return false;
  }
}

async function awaitServer(): Promise<void> {
  if (store.origin.peek() !== "gone") return;
  if (await isBack()) watchServer();
  else setTimeout(() => void awaitServer(), retryMs);
}

/** Hears when the server is away and when it is back; what was read stays. */
function watchServer(): void {
  const source = new EventSource("alive");
  source.onopen = (): void => {
    if (store.origin.peek() === "gone") store.origin.value = "back";
  };
  source.onerror = (): void => {
    source.close();
    if (store.origin.peek() === "file") return;
    store.origin.value = "gone";
    setTimeout(() => void awaitServer(), retryMs);
  };
}

async function nameOfServed(): Promise<string | undefined> {
  try {
    const answer = await fetch("name");
    return answer.ok ? await answer.text() : undefined;
  } catch {
    return undefined;
  }
}

async function openServed(): Promise<void> {
  const name = await nameOfServed();
  if (name === undefined) return;
  store.openServed(name, new URL("log", location.href).href);
  watchServer();
}

const root = document.getElementById("page");
if (root !== null) render(<App />, root);
globalThis.addEventListener("keydown", onKey);
globalThis.addEventListener("hashchange", moves.followAddress);
globalThis.addEventListener("popstate", moves.followAddress);
const packed = packedLog();
if (packed !== undefined) store.openFile(packed.name, packed.bytes);
else if (location.protocol.startsWith("http")) void openServed();
