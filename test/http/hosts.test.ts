import t from 'tap'
import { createHostRole, realmUrl } from '../../src/http/hosts.ts'

t.test('only our own names are served', async t => {
  const cases = [
    { domains: {}, host: 'anything:5000', role: 'registry', why: 'without domains every name is ours' },
    {
      domains: { registry: 'r.test', auth: 'a.test' },
      host: 'R.test:8443',
      role: 'registry',
      why: 'case and port',
    },
    { domains: { registry: 'r.test', auth: 'a.test' }, host: 'a.test', role: 'auth', why: 'the login name' },
    {
      domains: { registry: 'r.test', auth: 'a.test' },
      host: 'evil.test',
      role: 'foreign',
      why: 'another name',
    },
    { domains: { registry: 'r.test' }, host: '', role: 'foreign', why: 'no name' },
    { domains: {}, host: '', role: 'foreign', why: 'our answers would name it' },
    { domains: { auth: 'a.test' }, host: 'a.test', role: 'registry', why: 'one domain alone is both' },
    {
      domains: { registry: 'r.test', auth: 'r.test' },
      host: 'r.test',
      role: 'registry',
      why: 'one name for both',
    },
    {
      domains: { registry: 'localhost' },
      host: '127.0.0.1:8443',
      role: 'registry',
      why: 'localhost is loopback',
    },
    { domains: { registry: 'localhost' }, host: '[::1]:8443', role: 'registry', why: 'also by IPv6' },
    { domains: { registry: 'r.test:8443' }, host: 'r.test', role: 'registry', why: 'a port in the setting' },
  ]
  for (const { domains, host, role, why } of cases) t.equal(createHostRole(domains)(host), role, why)
})

t.test('the realm is where the client can reach it', async t => {
  const web = { scheme: 'https', path: '/auth' } as const
  const cases = [
    {
      domains: { registry: 'r.test' },
      host: 'r.test:5000',
      url: 'https://r.test:5000/auth',
      why: 'host and port kept',
    },
    { domains: { auth: 'a.test' }, host: 'r.test', url: 'https://a.test/auth', why: 'the auth domain' },
    {
      domains: { auth: 'a.test' },
      host: 'r.test:8443',
      url: 'https://a.test:8443/auth',
      why: 'on the same port',
    },
    {
      domains: { auth: 'a.test:444' },
      host: 'r.test:8443',
      url: 'https://a.test:444/auth',
      why: 'its own port wins',
    },
    { domains: {}, host: '[::1]:8443', url: 'https://[::1]:8443/auth', why: 'IPv6 literals' },
  ]
  for (const { domains, host, url, why } of cases) t.equal(realmUrl(domains, web, host), url, why)
  t.equal(realmUrl({}, { scheme: 'http', path: '/p/auth' }, 'r.test'), 'http://r.test/p/auth', 'without TLS')
})
