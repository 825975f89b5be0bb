/** A server name as certificates have it: clients send what was typed, in any case and with the dot of the root. */
export function normaliseServerName(name: string): string {
  const lower = name.toLowerCase()
  return lower.endsWith('.') ? lower.slice(0, -1) : lower
}
