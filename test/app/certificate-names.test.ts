import t from 'tap'
import { certificateNames } from '../../src/app/open-tls.ts'
import { leafNames } from '../../src/tls/leaf-names.ts'

t.test('a domain that is an IPv6 address gets a certificate for the address', async t => {
  const domains = { registry: '[2001:db8::1]:8443', auth: 'auth.test:8443' }
  t.strictSame(certificateNames({ domains }), ['2001:db8::1', 'auth.test'])
  t.strictSame(leafNames(certificateNames({ domains }))[0]?.ip, ['2001:db8::1'])
})
