import { createHmac, randomBytes } from "node:crypto";
import { createReadStream } from "node:fs";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** What is served, and to whom. */
export interface Served {
  readonly page: string;
  readonly file: string;
  /** The file's name as it is shown. */
  readonly name: string;
  /** The address that is listened on. */
  readonly host: string;
  /** 0 for any that is free. */
  readonly port: number;
  /** The token of the address, where it is that of a server before; else one that nobody knows. */
  readonly token?: string;
}

/** A server that runs. */
export interface PageServer {
  /** The address of the page, with the token that it asks for. */
  readonly address: string;
  readonly close: () => Promise<void>;
}

const headers = {
  "Cache-Control": "no-store",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Referrer-Policy": "no-referrer",
  "X-Content-Type-Options": "nosniff",
};

/** The policy that the page has in itself is the server's too; nobody may frame it. */
function policyOf(page: string): string {
  const [, policy = "default-src 'none'"] = /Security-Policy" content="([^"]*)"/.exec(page) ?? [];
  return `${policy}; frame-ancestors 'none'`;
}

const wildcard = /^(0\.0\.0\.0|::)$/;
const bracketed = (host: string): string => (host.includes(":") ? `[${host}]` : host);

/**
 * Whether a request is the page's own, or somebody's who typed the address: a name that leads here
 * by another's DNS is not, nor is what another page asks for.
 */
function isOwn(request: IncomingMessage, { host }: Served, port: number): boolean {
  const named = request.headers.host ?? "";
  const known = [host, "localhost", "127.0.0.1", "::1"].map(
    (one) => `${bracketed(one)}:${port.toString()}`,
  );
  if (!wildcard.test(host) && !known.includes(named)) return false;
  const { origin, "sec-fetch-site": site } = request.headers;
  if (origin !== undefined && origin !== `http://${named}`) return false;
  return site === undefined || site === "same-origin" || site === "none";
}

function send(response: ServerResponse, code: number, type: string, text: string): void {
  response.writeHead(code, { ...headers, "Content-Type": `${type}; charset=utf-8` });
  response.end(text);
}

function sendLog(response: ServerResponse, file: string): void {
  const stream = createReadStream(file);
  stream.on("open", () => {
    response.writeHead(200, { ...headers, "Content-Type": "application/octet-stream" });
    stream.pipe(response);
  });
  stream.on("error", () => {
    if (response.headersSent) response.destroy();
    else send(response, 404, "text/plain", "the file cannot be read");
  });
  response.on("close", () => stream.destroy());
}

/** A line that stays open: when it ends, the server has. */
function stayOpen(response: ServerResponse): void {
  response.writeHead(200, { ...headers, "Content-Type": "text/event-stream" });
  response.write(": here\n\n");
}

function sendPage(response: ServerResponse, page: string): void {
  response.setHeader("Content-Security-Policy", policyOf(page));
  send(response, 200, "text/html", page);
}

/** What is behind each address below the token. */
const answers: Readonly<Record<string, (served: Served, response: ServerResponse) => void>> = {
  "": ({ page }, response) => sendPage(response, page),
  name: ({ name }, response) => send(response, 200, "text/plain", name),
  log: ({ file }, response) => sendLog(response, file),
  alive: (_served, response) => stayOpen(response),
};

function nothing(response: ServerResponse): void {
  send(response, 404, "text/plain", "there is nothing here");
}

/**
 * A page whose server went away asks whoever listens there, by a word of its own, whether it is the
 * same one: who has no token cannot answer, and is not told it.
 */
const greeting = /^\/hello\/([0-9a-f]{32})$/;

const greetingAnswer = (token: string, word: string): string =>
  createHmac("sha256", token).update(word).digest("hex");

function answer(served: Served, port: number, token: string) {
  const prefix = `/${token}/`;
  return (request: IncomingMessage, response: ServerResponse): void => {
    const { method, url = "" } = request;
    if (!isOwn(request, served, port)) {
      send(response, 403, "text/plain", "this is for the page itself");
    } else if (method !== "GET") send(response, 405, "text/plain", "there is nothing to change");
    else if (greeting.test(url)) {
      const [, word = ""] = greeting.exec(url) ?? [];
      send(response, 200, "text/plain", greetingAnswer(token, word));
    } else if (!url.startsWith(prefix)) nothing(response);
    else {
      const [path = ""] = url.slice(prefix.length).split("?", 1);
      const of = Object.hasOwn(answers, path) ? answers[path] : undefined;
      if (of === undefined) nothing(response);
      else of(served, response);
    }
  };
}

function listening(server: Server, { host, port }: Served): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => resolve((server.address() as AddressInfo).port));
  });
}

/**
 * Serves the page and its log until it is closed. Only who has the token is answered.
 *
 * @throws the system's error when the address cannot be listened on.
 */
export async function servePage(served: Served): Promise<PageServer> {
  const token = served.token ?? randomBytes(16).toString("hex");
  const server = createServer();
  const port = await listening(server, served);
  server.on("request", answer(served, port, token));
  const host = wildcard.test(served.host) ? "127.0.0.1" : served.host;
  return {
    address: `http://${bracketed(host)}:${port.toString()}/${token}/`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
