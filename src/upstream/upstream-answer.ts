import type { IncomingHttpHeaders, ServerResponse } from 'node:http'

/** How the body of an answer went; `complete` is false when either side left before its end. */
export interface Relayed {
  readonly complete: boolean
  /** Why the end is missing, when that is not the client's side's doing. */
  readonly cut?: string
  /** Body bytes that were handed to the client's connection. */
  readonly bytesOut: number
}

/** How a body is streamed. */
export interface PipeOptions {
  /** Whether the answer ends with the body. */
  readonly end: boolean
  readonly tap: ((piece: Uint8Array) => void) | undefined
  /**
   * Awaited before the end of an answer goes out, with all the bytes that it will have then: until its last bytes are
   * out no client takes it for whole. Never rejects.
   */
  readonly beforeEnd: (bytesOut: number) => Promise<void> | undefined
}

/** An answer of the registry whose head has come; its body waits. */
export interface UpstreamAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  /** Body bytes of the request that have passed so far. */
  bytesIn(): number
  /**
   * Streams the body to `res`, whose head is out, and ends it unless told otherwise. When the registry breaks off, `res`
   * is destroyed: a body must never look whole that is not. `tap` sees each piece, during the call only.
   */
  pipe(res: ServerResponse, options: PipeOptions): Promise<Relayed>
  /** Gives the answer up, and its connection; also after `pipe`, when the request has not been read to its end. */
  drop(): void
}
