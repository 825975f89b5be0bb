/** Where the registry listens: TCP, or a Unix socket. */
export type UpstreamAddress =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string }

/** Short text for logs and error messages. */
export function upstreamName(address: UpstreamAddress): string {
  return address.kind === 'unix' ? `unix:${address.path}` : `${address.host}:${address.port}`
}
