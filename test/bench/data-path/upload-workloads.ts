import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { curl } from './curl.ts'
import { bearer } from './download-blob.ts'
import type { Door, Server } from './server.ts'
import type { TestBed } from './test-bed.ts'
import { transferFigures } from './transfer-figures.ts'
import { withCost } from './with-cost.ts'
import type { Figures, Metric, Workload } from './workload.ts'

/** As Docker pushes (PATCH of unknown length) and as containerd pushes (one PUT). */
const FRAMINGS = [
  { name: 'chunked', method: 'PATCH', headers: ['Transfer-Encoding: chunked'] },
  { name: 'with Content-Length', method: 'PUT', headers: [] },
] as const

type Framing = (typeof FRAMINGS)[number]

const SINK_METRICS: Readonly<Record<Framing['name'], readonly Metric[]>> = {
  chunked: [
    { name: 'MB/s', target: '≥ 1.3' },
    { name: 'CPU s/GiB', target: '≤ 0.85' },
  ],
  'with Content-Length': [
    { name: 'MB/s', target: '≥ 1.0' },
    { name: 'CPU s/GiB', target: '≤ 1.1' },
  ],
}

/** A file that is uploaded. */
interface Source {
  readonly file: string
  readonly bytes: number
  readonly digest: string
}

/** Uploads of one large blob, by curl; into the sink, so that the proxy is what is measured, and into the registry. */
export function uploadWorkloads(bed: TestBed): readonly Workload[] {
  const source = makeSource(bed)
  return [
    ...FRAMINGS.map(framing => ({
      name: `upload ${framing.name}, sink`,
      metrics: SINK_METRICS[framing.name],
      run: ({ sink }: Server) => intoSink(bed, sink, { framing, source: source() }),
    })),
    ...FRAMINGS.map(framing => ({
      name: `upload ${framing.name}, registry`,
      metrics: [{ name: 'MB/s', target: '≥ 0.97' }, { name: 'CPU s/GiB' }],
      run: ({ registry }: Server) => intoRegistry(bed, registry, { framing, source: source() }),
    })),
  ]
}

interface Upload {
  readonly framing: Framing
  readonly source: Source
}

function intoSink(bed: TestBed, door: Door, upload: Upload): Promise<Figures> {
  const session = randomUUID()
  const url = `${door.url}/v2/${bed.contents.repository}/blobs/uploads/${session}`
  return send(bed, door, {
    ...upload,
    url: upload.framing.method === 'PUT' ? withDigest(url, upload.source) : url,
  })
}

async function intoRegistry(bed: TestBed, door: Door, upload: Upload): Promise<Figures> {
  const { framing, source } = upload
  const url = `${door.url}/v2/${bed.contents.repository}/blobs/uploads/`
  const started = await curl(url, [...bearer(bed), '--request', 'POST', '--data', ''])
  const location = new URL(started.location, door.url).href
  if (framing.method === 'PUT') return send(bed, door, { ...upload, url: withDigest(location, source) })
  const next: string[] = []
  const figures = await send(bed, door, { ...upload, url: location }, place => next.push(place))
  const end = withDigest(new URL(next[0] ?? '', door.url).href, source)
  await curl(end, [...bearer(bed), '--request', 'PUT', '--data', ''])
  return figures
}

async function send(
  bed: TestBed,
  { pids }: Door,
  { framing, source, url }: Upload & { readonly url: string },
  onLocation: (location: string) => void = () => {},
): Promise<Figures> {
  const headers = [...framing.headers, 'Expect:', 'Content-Type: application/octet-stream']
  const args = ['--request', framing.method, '--upload-file', source.file]
  const all = [...bearer(bed), ...args, ...headers.flatMap(header => ['--header', header])]
  const { result, cost } = await withCost(pids, () => curl(url, all))
  // curl counts the framing of chunks as well.
  const hasAll =
    framing.method === 'PATCH' ? result.range === `0-${source.bytes - 1}` : result.bytesUp === source.bytes
  if (!hasAll) throw new Error(`of ${source.bytes} bytes only ${result.range || result.bytesUp} arrived`)
  onLocation(result.location)
  const { seconds } = result
  return transferFigures(source.bytes, pids.length === 0 ? { seconds } : { seconds, cpu: cost.cpuSeconds })
}

function withDigest(location: string, { digest }: Source): string {
  const url = new URL(location)
  url.searchParams.set('digest', digest)
  return url.href
}

/** The file is made when it is first needed. */
function makeSource({ directory, contents }: TestBed): () => Source {
  let source: Source | undefined
  return () => {
    if (source === undefined) {
      const data = randomBytes(contents.blob.size)
      const file = join(directory, 'upload')
      writeFileSync(file, data)
      const digest = `sha256:${createHash('sha256').update(data).digest('hex')}`
      source = { file, bytes: data.length, digest }
    }
    return source
  }
}
