/** How a client reaches the service. */
export interface ClientOptions {
  /** The API token, or a function that is asked for it before each call, so that tokens can change. */
  token?: string | (() => string | Promise<string>);
  /** The header that carries the token. */
  tokenHeader?: string;
  /** More headers for every request. */
  headers?: Record<string, string>;
  /** Milliseconds that a call may take if it does not say so itself; 10000, and 0 for no limit. */
  timeoutMs?: number;
  /** Sends the requests in place of the global fetch. */
  fetch?: typeof fetch;
}

/** What holds for one call. */
export interface CallOptions {
  /** Ends the call early. */
  signal?: AbortSignal;
  /** Milliseconds that the call may take, in place of those of the client. */
  timeoutMs?: number;
}

/** The service answered with an error. */
export class RpcError extends Error {
  override readonly name = "RpcError";

  constructor(
    readonly method: string,
    readonly code: number,
    message: string,
    readonly data?: unknown,
  ) {
    super(message);
  }
}

/** There was no answer, or none in JSON-RPC. The call may have run or not. */
export class TransportError extends Error {
  override readonly name = "TransportError";

  constructor(
    readonly method: string,
    message: string,
    /** The HTTP status, if there was one. */
    readonly status?: number,
    readonly reason?: unknown,
  ) {
    super(message);
  }
}

/** Sends the calls of a client. */
class Transport {
  #id = 0;

  constructor(
    private readonly url: string,
    private readonly options: ClientOptions,
  ) {}

  /** Calls a method and returns its result. */
  async call(method: string, params: unknown, options?: CallOptions): Promise<any> {
    const id = ++this.#id;
    const reply = await this.#post(method, { jsonrpc: "2.0", id, method, params }, options);
    let answer: unknown;
    try {
      answer = JSON.parse(reply.text);
    } catch (reason) {
      throw new TransportError(method, `HTTP ${reply.status} with a body that is not JSON`, reply.status, reason);
    }
    const { error, result, id: answered } = (answer ?? {}) as { error?: unknown; result?: unknown; id?: unknown };
    if (error !== undefined && error !== null && (answered === id || answered === null)) {
      const { code, message, data } = error as { code?: unknown; message?: unknown; data?: unknown };
      if (typeof code !== "number" || typeof message !== "string") {
        throw new TransportError(method, "an error without a code and a message", reply.status);
      }
      throw new RpcError(method, code, message, data);
    }
    if (answered !== id || result === undefined || reply.status !== 200) {
      throw new TransportError(method, `HTTP ${reply.status} with a body that does not answer the call`, reply.status);
    }
    return result;
  }

  /** Sends a notification, which nobody answers. */
  async notify(method: string, params: unknown, options?: CallOptions): Promise<void> {
    const reply = await this.#post(method, { jsonrpc: "2.0", method, params }, options);
    if (reply.status !== 200 && reply.status !== 202 && reply.status !== 204) {
      throw new TransportError(method, `HTTP ${reply.status} for a notification`, reply.status);
    }
  }

  async #post(method: string, body: object, options: CallOptions = {}): Promise<{ status: number; text: string }> {
    const { token, tokenHeader = defaultTokenHeader, fetch: send = fetch } = this.options;
    const headers: Record<string, string> = { ...this.options.headers, "Content-Type": "application/json" };
    const secret = typeof token === "function" ? await token() : token;
    if (secret) {
      headers[tokenHeader] = secret;
    }
    const signals: AbortSignal[] = [];
    if (options.signal) {
      signals.push(options.signal);
    }
    const timeoutMs = options.timeoutMs ?? this.options.timeoutMs ?? 10_000;
    if (timeoutMs > 0) {
      signals.push(AbortSignal.timeout(timeoutMs));
    }
    try {
      // A redirect would carry the token to another host.
      const response = await send(this.url, {
        method: "POST",
        headers,
        body: JSON.stringify(body),
        redirect: "error",
        signal: AbortSignal.any(signals),
      });
      return { status: response.status, text: await response.text() };
    } catch (reason) {
      throw new TransportError(method, `no answer: ${String(reason)}`, undefined, reason);
    }
  }
}
