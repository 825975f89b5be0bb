import t from 'tap'
import { authorityId, directoryUrl, isPublicAuthority, stagingDirectory } from '../../src/acme/directories.ts'

const STAGING = 'https://acme-staging-v02.api.letsencrypt.org/directory'

t.test('a word stands for a directory, a URL for itself', async t => {
  t.equal(directoryUrl('letsencrypt'), 'https://acme-v02.api.letsencrypt.org/directory')
  t.equal(directoryUrl('zerossl'), 'https://acme.zerossl.com/v2/DV90')
  t.equal(directoryUrl('google'), 'https://dv.acme-v02.api.pki.goog/directory')
  t.equal(directoryUrl('https://ca.test/dir'), 'https://ca.test/dir')
})

t.test('some authorities have a test stage, which is not public', async t => {
  t.equal(stagingDirectory(directoryUrl('letsencrypt')), STAGING)
  t.equal(stagingDirectory(directoryUrl('zerossl')), undefined)
  t.equal(stagingDirectory('https://ca.test/dir'), undefined)
  t.equal(isPublicAuthority(directoryUrl('google')), true)
  t.equal(isPublicAuthority(STAGING), false)
  t.equal(isPublicAuthority('https://ca.test/dir'), false)
})

t.test('an id is short, safe and different for each authority', async t => {
  for (const [directory, id] of [
    [directoryUrl('letsencrypt'), 'letsencrypt'],
    [STAGING, 'letsencrypt-staging'],
    [directoryUrl('zerossl'), 'zerossl'],
    ['https://CA.example.com/directory', 'ca.example.com'],
    ['https://localhost:15100/dir', 'localhost_15100'],
    ['https://[::1]:9000/dir', '___1__9000'],
  ] as const) {
    t.equal(authorityId(directory), id)
  }
  const one = authorityId('https://ca.test/acme/one/directory')
  const other = authorityId('https://ca.test/acme/two/directory')
  t.not(one, other)
  for (const id of [one, other]) t.match(id, /^ca\.test-[0-9a-f]{8}$/)
})
