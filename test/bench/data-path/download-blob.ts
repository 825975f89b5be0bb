import type { Contents } from './contents.ts'
import { curl } from './curl.ts'
import type { Door } from './server.ts'
import { transferFigures } from './transfer-figures.ts'
import { withCost } from './with-cost.ts'
import type { Figures } from './workload.ts'

/** What a download needs to know. */
export interface BlobSource {
  readonly contents: Pick<Contents, 'repository' | 'blob'>
  readonly token: string
}

/** Gets the large blob at `door`, by `count` curls at once. Throws when one is not whole. */
export async function downloadBlob(bed: BlobSource, door: Door, count: number): Promise<Figures> {
  const { blob } = bed.contents
  const get = () => curl(blobUrl(bed, door.url), bearer(bed))
  const { result, cost } = await withCost(door.pids, () => Promise.all(Array.from({ length: count }, get)))
  for (const { bytesDown } of result) {
    if (bytesDown !== blob.size) throw new Error(`${bytesDown} bytes instead of ${blob.size}`)
  }
  const seconds = Math.max(...result.map(each => each.seconds))
  if (door.pids.length === 0) return transferFigures(blob.size * count, { seconds })
  return {
    ...transferFigures(blob.size * count, { seconds, cpu: cost.cpuSeconds }),
    'resident MiB': cost.residentMib,
  }
}

/** Of the large blob, where `url` is that of a server. */
export function blobUrl({ contents: { repository, blob } }: BlobSource, url: string): string {
  return `${url}/v2/${repository}/blobs/${blob.digest}`
}

/** Arguments for curl that carry the token. */
export function bearer({ token }: BlobSource): readonly string[] {
  return ['--header', `Authorization: Bearer ${token}`]
}
