/** One blob of one repository. */
export interface BlobName {
  readonly name: string
  readonly digest: string
}

/** A registry's answer to the GET of a blob. */
export interface FetchedBlob {
  readonly status: number
  /** Declared length of the body. */
  readonly length: number | undefined
  readonly body: AsyncIterable<Uint8Array>
  /** Ends the connection of a body that nobody reads to its end. */
  discard(): void
}

/** The registry that blobs come from, asked in our own name. */
export interface BlobSource {
  /** The blob from its byte `from`. Rejects when there is no answer, and when `signal` is aborted. */
  fetch(blob: BlobName & { readonly from: number }, signal: AbortSignal): Promise<FetchedBlob>
  /** Whether the repository has the blob. Rejects when the registry cannot tell. */
  has(blob: BlobName): Promise<boolean>
}
