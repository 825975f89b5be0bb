import t from 'tap'
import { createRedirectHosts } from '../../src/upstream/redirect-hosts.ts'

const isAllowed = createRedirectHosts([
  's3.example.com',
  '*.storage.example.com',
  'minio:9000',
  '10.0.0.7:9000',
  '[fd00::7]:9000',
  'usual.example.com:443',
  '*.cdn.example.com:8443',
])

t.test('a redirect is followed to the places that are named, and to no other', t => {
  const allowed = [
    'https://s3.example.com/bucket/blob?X-Amz-Signature=a',
    'http://s3.example.com/x',
    'HTTPS://S3.EXAMPLE.COM/x',
    'https://s3.example.com:443/x',
    'https://bucket.storage.example.com/x',
    'https://a.b.storage.example.com/x',
    'http://minio:9000/x',
    'http://10.0.0.7:9000/x',
    'http://[FD00:0::7]:9000/x',
    'https://usual.example.com/x',
    'https://a.cdn.example.com:8443/x',
  ]
  const refused: readonly (readonly [why: string, url: string])[] = [
    ['another host', 'https://evil.example.com/x'],
    ['another port', 'https://s3.example.com:8443/x'],
    ['the port of another scheme', 'http://s3.example.com:443/x'],
    ['a host below', 'https://a.s3.example.com/x'],
    ['a host that begins alike', 'https://s3.example.com.evil.test/x'],
    ['a host that ends alike', 'https://evils3.example.com/x'],
    ['the suffix itself', 'https://storage.example.com/x'],
    ['what ends alike without a dot', 'https://evilstorage.example.com/x'],
    ['a dot at the end', 'https://s3.example.com./x'],
    ['a port that is not named', 'http://minio/x'],
    ['an address of the same machine', 'http://10.0.0.7/x'],
    ['the usual port of the other scheme', 'http://usual.example.com/x'],
    ['a suffix on another port', 'https://a.cdn.example.com/x'],
    ['the metadata of a cloud', 'http://169.254.169.254/latest/meta-data/'],
    ['a user that looks like the host', 'https://s3.example.com@evil.test/x'],
    ['a user', 'https://user:password@s3.example.com/x'],
    ['another scheme', 'ftp://s3.example.com/x'],
    ['a file', 'file:///etc/passwd'],
  ]
  for (const url of allowed) t.equal(isAllowed(new URL(url)), true, url)
  for (const [why, url] of refused) t.equal(isAllowed(new URL(url)), false, why)
  t.end()
})
