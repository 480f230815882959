import { DebugSession, OutputEvent } from "@vscode/debugadapter";
import type { DebugProtocol } from "@vscode/debugprotocol";
import { printable } from "../../events/printable.ts";
import type { Run } from "../run.ts";
import type { Adapter, Handler } from "./adapter.ts";
import { newAdapter } from "./adapter.ts";
import { lookRequests } from "./look-requests.ts";
import { moveRequests } from "./move-requests.ts";
import { checkArguments } from "./required.ts";
import { sayRequests } from "./say-requests.ts";
import { capabilities, startRequests } from "./start-requests.ts";

const handlers: ReadonlyMap<string, Handler> = new Map(
  Object.entries({ ...startRequests, ...moveRequests, ...lookRequests, ...sayRequests }),
);

/** What a request cannot be answered for, in one line. */
const reasonOf = (error: unknown): string =>
  printable((error instanceof Error ? error.message : String(error)).split("\n", 1)[0] ?? "");

/** A conversation with an editor by the Debug Adapter Protocol, about one log. */
export class LogDebugSession extends DebugSession {
  readonly #adapter: Adapter;
  readonly #ended: () => void;
  /** Requests are answered one after the other, also where one of them takes long. */
  #last: Promise<void> = Promise.resolve();

  /** @param ended  called once, when the editor has left. */
  constructor(run: Run, ended: () => void) {
    super();
    this.#adapter = newAdapter(run);
    this.#ended = ended;
    // The library ends the conversation at anything wrong; what is no message is no such thing.
    this.removeAllListeners("error");
    this.on("error", ({ body }: DebugProtocol.Event) => this.#failed(String(body)));
    this.setDebuggerLinesStartAt1(true);
    this.setDebuggerColumnsStartAt1(true);
  }

  override handleMessage(message: unknown): void {
    if (typeof message !== "object" || message === null) this.#warn("a message that is no object");
    else super.handleMessage(message as DebugProtocol.ProtocolMessage);
  }

  /** What the library says of what came, or of the connection, which is over then. */
  #failed(text: string): void {
    const [, what] = /^Error handling data: ?(.*)/s.exec(text) ?? [];
    if (what === undefined) this.shutdown();
    else this.#warn(`a message that cannot be read: ${reasonOf(what)}`);
  }

  /** There is no request to answer: the editor shows this beside what the log says. */
  #warn(text: string): void {
    this.sendEvent(new OutputEvent(`${text}\n`, "stderr"));
  }

  protected override initializeRequest(
    response: DebugProtocol.InitializeResponse,
    { linesStartAt1 }: DebugProtocol.InitializeRequestArguments,
  ): void {
    this.#adapter.firstLine = linesStartAt1 === false ? 0 : 1;
    response.body = capabilities;
    this.sendResponse(response);
  }

  protected override dispatchRequest(request: DebugProtocol.Request): void {
    if (request.command === "initialize") {
      request.arguments = { pathFormat: "path", ...request.arguments };
      super.dispatchRequest(request);
      return;
    }
    this.#last = this.#last.then(() => this.#answer(request));
  }

  /** The editor has gone: there is no process of it to end. */
  override shutdown(): void {
    this.#ended();
  }

  async #answer(request: DebugProtocol.Request): Promise<void> {
    const { command, seq, arguments: args } = request;
    const response: DebugProtocol.Response = {
      seq: 0,
      type: "response",
      request_seq: seq,
      command,
      success: true,
    };
    const handler = handlers.get(command);
    const adapter = this.#adapter;
    try {
      if (handler === undefined) throw new Error("there is no such request here");
      checkArguments(command, args ?? {});
      const body = await handler(adapter, (args ?? {}) as never);
      if (body !== undefined) response.body = body;
      this.sendResponse(response);
    } catch (error) {
      adapter.events.splice(0);
      const format = `${command}: ${reasonOf(error)}`.replaceAll(/[{}]/g, "'");
      this.sendErrorResponse(response, { id: 1, format, showUser: true });
    }
    for (const event of adapter.events.splice(0)) this.sendEvent(event);
    if (adapter.isOver) this.shutdown();
  }
}
