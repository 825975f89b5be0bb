import t from 'tap'
import { below, compare } from './load-text.ts'

/** A section below a public domain, so that it begins on line 4 and mode acme is the default. */
const domain = (section: string) => below(`domains: {registry: r.example.com}\n${section}`)

t.test('what works but perhaps not as meant is told', async t => {
  await compare(t, [
    [domain(''), []],
    [below('domains: {registry: localhost}\n'), []],
    [domain('tls: {acme: {directory: https://ca.lan/dir}}'), []],
    [domain('tls: {client_auth: {ca_file: /ca.pem, mode: require}}'), []],
    [
      domain('listen: {http: off}\ntls: {client_auth: {ca_file: /ca.pem, mode: require}}'),
      [
        '5:45: warning: tls.client_auth.mode: an authority that speaks TLS 1.2 cannot prove names by tls-alpn-01 where certificates are required; open listen.http for http-01, or set tls.acme.dns',
      ],
    ],
    [
      below('domains: {registry: r.lan}\ntls: {acme: {directory: https://ca.lan/dir}}'),
      [
        '4:13: warning: tls.acme: not used with mode "internal", as no domain is a public name; set tls.mode: acme',
      ],
    ],
    [
      below('domains: {registry: r.lan}\ntls: {mode: acme}'),
      [
        '4:13: warning: tls.mode: no public authority issues a certificate for r.lan; set tls.acme.directory to the URL of an authority of your own, or mode: internal',
      ],
    ],
    [below('domains: {registry: r.lan}\ntls: {mode: acme, acme: {directory: https://ca.lan/dir}}'), []],
    [
      below('domains: {registry: r.lan}\ntls: {mode: acme, acme: {names: [r.lan, x.example.com]}}'),
      [
        '4:34: warning: tls.acme.names.0: no public authority issues a certificate for r.lan; set tls.acme.directory to the URL of an authority of your own, or mode: internal',
      ],
    ],
    [
      below('domains: {registry: r.example.com, auth: auth.lan}'),
      [
        '3:42: note: domains.auth: auth.lan is no public name, so its certificate is one of our own CA; see landwaiter ca',
      ],
    ],
    [
      below('domains: {registry: 192.0.2.7}\ntls: {mode: acme}'),
      [
        "4:13: warning: tls.mode: Let's Encrypt certifies the address 192.0.2.7 in short-lived certificates only; set profile: shortlived",
      ],
    ],
    [below('domains: {registry: 192.0.2.7}\ntls: {mode: acme, acme: {profile: shortlived}}'), []],
    [
      domain('tls: {acme: {directory: zerossl}}'),
      [
        '4:25: warning: tls.acme.directory: zerossl opens no account without "eab"; get kid and hmac_key from its web site',
      ],
    ],
    [
      domain('tls: {acme: {fallback: [{directory: google}]}}'),
      [
        '4:37: warning: tls.acme.fallback.0.directory: google opens no account without "eab"; get kid and hmac_key from its web site',
      ],
    ],
    [
      domain('tls: {acme: {staging: true}}'),
      ['4:23: note: tls.acme.staging: nobody trusts certificates of a test stage'],
    ],
    [
      domain('tls: {mode: internal, acme: {email: a@b}}'),
      ['4:29: warning: tls.acme: not used with mode "internal"; set tls.mode: acme'],
    ],
    [
      below('server: {letsencrypt: {email: a@b.c, cache_dir: /c, host: r.example.com}}'),
      ['3:49: note: server.letsencrypt.cache_dir: not used: certificates are kept in state_dir'],
    ],
    [
      below(
        'server: {certificate: a, key: b, letsencrypt: {email: a@b.c, cache_dir: /c, host: r.example.com}}',
      ),
      ['3:47: warning: server.letsencrypt: not used with mode "files"; set tls.mode: acme'],
    ],
    [
      domain('server: {letsencrypt: {email: a@b.c}}\ntls: {mode: off}\ntrusted_proxies: [10.0.0.1]'),
      ['4:23: warning: server.letsencrypt: not used with mode "off"; set tls.mode: acme'],
    ],
    [domain('tls: {acme: {directory: }}'), []],
    [domain('listen: {https: off, http: off}\ntls: {acme: {dns: {hook: x}}}'), []],
    [domain('tls: {acme: {names: ["*.example.com"], dns: {hook: h}}}'), []],
    [
      domain('tls: {acme: {dns: {rfc2136: {server: ns, key_name: k, key_secret_file: f}}}}'),
      [],
      { files: { f: 'aaaa' } },
    ],
    [below('domains: {registry: "r.example.com:5443"}'), []],
  ])
})
