import t from 'tap'
import { isDigest } from '../../src/oci/digest.ts'
import { isIndexMediaType } from '../../src/oci/media-type.ts'
import { isRepositoryName } from '../../src/oci/repository-name.ts'
import { isTag } from '../../src/oci/tag.ts'

const HEX = '0123456789abcdef'.repeat(4)

const tables: readonly {
  readonly name: string
  readonly is: (text: string) => boolean
  readonly yes: readonly string[]
  readonly no: readonly string[]
}[] = [
  {
    name: 'repository name',
    is: isRepositoryName,
    yes: [
      'a',
      '0',
      'a/b/c',
      'a.b',
      'a_b',
      'a__b',
      'a-b',
      'a---b',
      'a.b_c__d--e/0',
      'manifests',
      'a'.repeat(255),
    ],
    no: [
      ...[
        '',
        '/',
        '/a',
        'a/',
        'a//b',
        '.',
        '..',
        'a/..',
        'a..b',
        'a___b',
        'a._b',
        'a-.b',
        '-a',
        'a-',
        '_a',
        'a_',
      ],
      ...[
        'A',
        'aB',
        'a b',
        'a:b',
        'host:5000/a',
        'a+b',
        'a\n',
        'a\u0000',
        '\u00e4',
        '\u0430',
        'a%2fb',
        'a\\b',
      ],
      ...['a'.repeat(256), 'a/'.repeat(128), `${'a-'.repeat(10_000)}!`],
    ],
  },
  {
    name: 'tag',
    is: isTag,
    yes: ['a', '_', 'A.b-c_1', '1.0', `a${'.'.repeat(127)}`, `sha256-${HEX}.sig`],
    no: ['', '.', '..', '.a', '-a', 'a:b', 'a/b', 'a b', 'a+b', 'a\n', '\u00e4', 'a'.repeat(129)],
  },
  {
    name: 'digest',
    is: isDigest,
    yes: [`sha256:${HEX}`, `sha512:${HEX}${HEX}`],
    no: [
      ...[
        '',
        'sha256:',
        'sha256',
        HEX,
        `sha256:${HEX.slice(1)}`,
        `sha256:${HEX}0`,
        `sha256:${HEX.toUpperCase()}`,
      ],
      ...[`SHA256:${HEX}`, `sha512:${HEX}`, `sha384:${HEX}`, `md5:${HEX}`, `sha256-${HEX}`, ` sha256:${HEX}`],
      ...[`sha256:${HEX}\n`, `sha256:${HEX.slice(1)}g`, `sha256+b64:${HEX}`],
    ],
  },
  {
    name: 'media type of an index',
    is: isIndexMediaType,
    yes: [
      'application/vnd.oci.image.index.v1+json',
      'application/vnd.docker.distribution.manifest.list.v2+json',
      'Application/vnd.OCI.image.index.v1+json ; charset=utf-8',
    ],
    no: [
      ...['', ';', 'application/json', 'application/vnd.oci.image.manifest.v1+json'],
      ...['application/vnd.docker.distribution.manifest.v2+json', 'application/vnd.oci.image.index.v1+json2'],
    ],
  },
]

for (const { name, is, yes, no } of tables) {
  t.test(`tells a ${name} from other text`, async t => {
    for (const text of yes) t.equal(is(text), true, `accepts ${JSON.stringify(text.slice(0, 60))}`)
    for (const text of no) t.equal(is(text), false, `refuses ${JSON.stringify(text.slice(0, 60))}`)
  })
}
