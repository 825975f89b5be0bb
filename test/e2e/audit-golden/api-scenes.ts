import type { AuditAction, AuditKind, AuditOutcome } from '../../../src/model/audit-event.ts'
import { NO_DIGEST, type RegistryStage } from './registry-stage.ts'
import type { Scene } from './scene.ts'
import { sought } from './sought.ts'

type Row = readonly [
  /** What the program asks. */
  title: string,
  line: string,
  as: string,
  key: `${AuditAction} ${AuditKind} ${AuditOutcome}`,
  body?: string,
]

const OCI = 'application/vnd.oci.image.'
const MANIFEST = `${OCI}manifest.v1+json`
const WEB = '/v2/team/web'
const PROD = '/v2/prod/api'

/** What a program does that knows the API, and what it is refused. */
export function apiScenes(stage: RegistryStage): readonly Scene[] {
  const rows = [...readRows(stage), ...writeRows(), ...deleteRows(stage), ...realmRows()]
  const headers = { accept: `${MANIFEST}, ${OCI}index.v1+json`, 'content-type': MANIFEST }
  return [
    ...rows.map(([title, line, as, key, body]) => ({
      title: `a program ${title}`,
      run: async () => {
        const { body: answer } = await stage.api(line, {
          as,
          headers,
          ...(body === undefined ? {} : { body }),
        })
        await answer.dump()
      },
      shows: [sought(key)],
    })),
    {
      title: 'a program sends a blob that has another digest than it says',
      run: async () => {
        const path = await stage.upload('team/web')
        const { body } = await stage.api(`PUT ${path}&digest=${NO_DIGEST}`, {
          as: 'developer',
          body: 'hello',
        })
        await body.dump()
      },
      shows: [sought('push blob failed')],
    },
  ]
}

function readRows({ other, otherMulti }: RegistryStage): readonly Row[] {
  const { digest } = other.manifest
  const index = otherMulti.index.digest
  return [
    ['asks whether it is let in', 'GET /v2/', 'developer', 'check session success'],
    ['asks whether a tag is there', `HEAD ${WEB}/manifests/1.4.2`, 'developer', 'check manifest success'],
    [
      'asks whether a tag is there, but it is not',
      `HEAD ${WEB}/manifests/none`,
      'developer',
      'check manifest failed',
    ],
    [
      'asks whether a tag is there that it may not see',
      `HEAD ${PROD}/manifests/1.0`,
      'developer',
      'check manifest denied',
    ],
    [
      'asks whether an index is there',
      `HEAD /v2/public/multi/manifests/${index}`,
      'admin',
      'check index success',
    ],
    ['asks for a blob that is not there', `GET ${WEB}/blobs/${NO_DIGEST}`, 'developer', 'pull blob failed'],
    [
      'asks for a blob that it may not have',
      `GET ${PROD}/blobs/${NO_DIGEST}`,
      'developer',
      'pull blob denied',
    ],
    ['asks for the catalog', 'GET /v2/_catalog', 'admin', 'list catalog success'],
    ['asks for the catalog that it may not see', 'GET /v2/_catalog', 'developer', 'list catalog denied'],
    [
      'asks what refers to an image, which this registry cannot say',
      `GET ${WEB}/referrers/${digest}`,
      'developer',
      'list referrers failed',
    ],
    [
      'asks what refers to an image that it may not see',
      `GET ${PROD}/referrers/${digest}`,
      'developer',
      'list referrers denied',
    ],
  ]
}

function writeRows(): readonly Row[] {
  const incomplete = { mediaType: 'application/vnd.oci.image.config.v1+json', digest: NO_DIGEST, size: 2 }
  const manifest = JSON.stringify({ schemaVersion: 2, mediaType: MANIFEST, config: incomplete, layers: [] })
  return [
    [
      'pushes a manifest without its blobs',
      `PUT ${WEB}/manifests/new`,
      'developer',
      'push manifest failed',
      manifest,
    ],
    [
      'pushes one to a tag that is there',
      `PUT ${WEB}/manifests/1.4.2`,
      'developer',
      'overwrite manifest failed',
      manifest,
    ],
    [
      'pushes a manifest to where it may not',
      `PUT ${PROD}/manifests/1.0`,
      'developer',
      'push manifest denied',
      manifest,
    ],
    [
      'asks how far an upload is that nobody began',
      `GET ${WEB}/blobs/uploads/none`,
      'developer',
      'check session failed',
    ],
  ]
}

function deleteRows({ other, web }: RegistryStage): readonly Row[] {
  const { digest } = web.config
  return [
    [
      'deletes a tag, but the registry deletes whole images only',
      `DELETE ${WEB}/manifests/1.4.2`,
      'developer',
      'delete tag failed',
    ],
    [
      'deletes a tag that it may not delete',
      `DELETE ${PROD}/manifests/1.0`,
      'developer',
      'delete tag denied',
    ],
    [
      'deletes an image that is not there',
      `DELETE ${WEB}/manifests/${NO_DIGEST}`,
      'developer',
      'delete manifest failed',
    ],
    [
      'deletes an image that it may not delete',
      `DELETE ${PROD}/manifests/${other.manifest.digest}`,
      'developer',
      'delete manifest denied',
    ],
    ['deletes a blob', `DELETE ${WEB}/blobs/${digest}`, 'developer', 'delete blob success'],
    [
      'deletes a blob that it may not delete',
      `DELETE ${PROD}/blobs/${digest}`,
      'developer',
      'delete blob denied',
    ],
    [
      'deletes a blob that is not there',
      `DELETE ${WEB}/blobs/${NO_DIGEST}`,
      'developer',
      'delete blob failed',
    ],
  ]
}

function realmRows(): readonly Row[] {
  return [
    [
      'asks for a token of a service that nobody knows',
      '/auth?service=elsewhere',
      'developer',
      'token token failed',
    ],
    ['logs in as a user whom only a broken program knows', '/auth', 'stranger', 'login session failed'],
  ].map(([title = '', path = '', as = '', key = '']) => [title, `GET ${path}`, as, key as Row[3]] as const)
}
