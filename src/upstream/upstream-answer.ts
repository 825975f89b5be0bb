import type { IncomingHttpHeaders, ServerResponse } from 'node:http'

/** How the body of an answer went; `complete` is false when either side left before its end. */
export interface Relayed {
  readonly complete: boolean
  /** Body bytes that were handed to the client's connection. */
  readonly bytesOut: number
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
  pipe(
    res: ServerResponse,
    options: { readonly end: boolean; readonly tap: ((piece: Uint8Array) => void) | undefined },
  ): Promise<Relayed>
  /** Gives the answer up, and its connection; also after `pipe`, when the request has not been read to its end. */
  drop(): void
}
