/** One TXT record. */
export interface DnsRecord {
  /** Where it is, without the final dot. */
  readonly name: string
  readonly value: string
  /** The zone that the name is in; `undefined` when it could not be found out. */
  readonly zone: string | undefined
}

/**
 * Changes the zones of the owner. Other values at the same name stay as they are. Both reject with AcmeFailed of kind
 * `validation`, or with the reason of the signal.
 */
export interface DnsPublisher {
  publish(record: DnsRecord, signal: AbortSignal): Promise<void>
  remove(record: DnsRecord, signal: AbortSignal): Promise<void>
}
