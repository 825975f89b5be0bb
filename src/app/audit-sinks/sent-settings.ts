import type { SinkSettings } from '../../audit/sinks/sink-settings.ts'
import { Secret } from '../../model/secret.ts'

/** Settings of a sink as they go to its thread: plain data, the secrets laid open. */
export type SentSettings = Readonly<Record<string, unknown>>

/** What another thread can be sent; a class does not survive the way. */
export function toSent(settings: SinkSettings): SentSettings {
  if (settings.type === 'syslog') return { ...settings }
  const headers = Object.entries(settings.headers).map(([name, value]) => [name, value.reveal()])
  const secret = settings.type === 'webhook' ? settings.secret?.reveal() : undefined
  return { ...settings, headers: Object.fromEntries(headers), secret }
}

/** The settings again. */
export function fromSent(sent: SentSettings): SinkSettings {
  if (sent['type'] === 'syslog') return { ...sent } as unknown as SinkSettings
  const headers = Object.entries(sent['headers'] as Readonly<Record<string, string>>)
  const { secret } = sent
  return {
    ...sent,
    headers: Object.fromEntries(headers.map(([name, value]) => [name, new Secret(value)])),
    secret: typeof secret === 'string' ? new Secret(secret) : undefined,
  } as unknown as SinkSettings
}
