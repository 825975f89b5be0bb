import t from 'tap'
import { below, compare } from './load-text.ts'

/** A section below a public domain, so that it begins on line 4 and mode acme is the default. */
const domain = (section: string) => below(`domains: {registry: r.example.com}\n${section}`)

t.test('every fault of tls.acme is told at its place', async t => {
  await compare(t, [
    [
      domain('tls: {acme: {staging: true, fallback: [{directory: zerossl, eab: {kid: a, hmac_key: b}}]}}'),
      [
        '4:23: error: tls.acme.staging: zerossl has no test stage that we know: give the URL of one as "directory" instead',
      ],
    ],
    [
      domain('tls: {acme: {staging: true, directory: https://ca.lan/dir}}'),
      [
        '4:23: error: tls.acme.staging: https://ca.lan/dir has no test stage that we know: give the URL of one as "directory" instead',
      ],
    ],
    [
      below('server: {letsencrypt: {email: a@b.c, cache_dir: /c}}'),
      [
        '3:23: error: server.letsencrypt: it needs to know for which name: set domains.registry, or tls.acme.names',
      ],
    ],
    [
      below('server: {letsencrypt: {email: a@b.c, host: "a b"}}'),
      ['3:44: error: server.letsencrypt.host: must be a host name or IP address, with or without a port'],
    ],
    [
      domain('tls: {acme: {directory: letsencrpt}}'),
      [
        '4:25: error: tls.acme.directory: must be letsencrypt, zerossl, google or the https:// URL of an ACME directory',
      ],
    ],
    [
      domain('tls: {acme: {directory: http://ca.lan/dir}}'),
      [
        '4:25: error: tls.acme.directory: must be letsencrypt, zerossl, google or the https:// URL of an ACME directory; ACME is spoken over https only',
      ],
    ],
    [
      domain('tls: {acme: {directory: "https://u:p@ca.lan/dir"}}'),
      [
        '4:25: error: tls.acme.directory: must be letsencrypt, zerossl, google or the https:// URL of an ACME directory',
      ],
    ],
    [
      domain('tls: {acme: {directory: ftp://x}}'),
      [
        '4:25: error: tls.acme.directory: must be letsencrypt, zerossl, google or the https:// URL of an ACME directory',
      ],
    ],
    [
      domain('tls: {acme: {email: nobody, profile: "a b", ca_root_file: ""}}'),
      [
        '4:21: error: tls.acme.email: must be an e-mail address',
        '4:38: error: tls.acme.profile: must be the name of a profile, such as classic, tlsserver or shortlived',
        '4:59: error: tls.acme.ca_root_file: must not be empty',
      ],
    ],
    [
      domain('tls: {acme: {eab: {kid: a}}}'),
      ['4:14: error: tls.acme.eab.hmac_key: is missing, and so is "hmac_key_file"'],
    ],
    [
      domain('tls: {acme: {eab: {hmac_key: "a b"}}}'),
      [
        '4:14: error: tls.acme.eab.kid: is missing',
        '4:30: error: tls.acme.eab.hmac_key: must be base64url, as the authority shows it',
      ],
    ],
    [
      domain('tls: {acme: {eab: {kid: "", hmac_key: "a+b"}}}'),
      [
        '4:25: error: tls.acme.eab.kid: must not be empty',
        '4:39: error: tls.acme.eab.hmac_key: must be base64url, as the authority shows it',
      ],
    ],
    [
      domain('tls: {acme: {eab: {kid: a, hmac_key: b, hmac_key_file: f}}}'),
      ['4:56: error: tls.acme.eab.hmac_key_file: cannot be given beside "hmac_key"'],
      { files: { f: 'x' } },
    ],
    [
      domain('tls: {acme: {eab: {kid: a, hmac_key_file: f}}}'),
      ['4:43: error: tls.acme.eab.hmac_key_file: cannot read "f": no such file'],
    ],
    [
      domain('tls: {acme: {eab: {kid: a, hmac_key_file: f}}}'),
      ['4:14: error: tls.acme.eab.hmac_key: must be base64url, as the authority shows it'],
      { files: { f: 'x+/' } },
    ],
    [
      domain('tls: {acme: {fallback: {directory: google}}}'),
      ['4:24: error: tls.acme.fallback: must be a list, not a mapping'],
    ],
    [domain('tls: {acme: {fallback: [google]}}'), ['4:25: error: tls.acme.fallback.0: must be a mapping']],
    [domain('tls: {acme: {fallback: [{}]}}'), ['4:25: error: tls.acme.fallback.0.directory: is missing']],
    [
      domain('tls: {acme: {fallback: [{directory: google, staging: true, eab: {kid: a, hmac_key: b}}]}}'),
      [
        '4:45: error: tls.acme.fallback.0: unknown key "staging"; the keys are directory, ca_root_file, email, eab, profile',
      ],
    ],
    [
      domain('tls: {acme: {challenges: [http]}}'),
      ['4:27: error: tls.acme.challenges.0: must be http-01, tls-alpn-01 or dns-01; did you mean "http-01"?'],
    ],
    [
      domain('tls: {acme: {challenges: http-01}}'),
      ['4:26: error: tls.acme.challenges: must be a list; write ["http-01"]'],
    ],
    [
      domain('tls: {acme: {challenges: []}}'),
      ['4:26: error: tls.acme.challenges: must not be empty; leave it out for the default'],
    ],
    [
      domain('tls: {acme: {challenges: [dns-01]}}'),
      ['4:26: error: tls.acme.challenges: dns-01 needs tls.acme.dns, which says how to set a TXT record'],
    ],
    [
      domain('listen: {http: off}\ntls: {acme: {challenges: [http-01]}}'),
      ['5:26: error: tls.acme.challenges: http-01 needs listen.http, which is off'],
    ],
    [
      domain('listen: {https: off}\ntls: {acme: {challenges: [tls-alpn-01]}}'),
      ['5:26: error: tls.acme.challenges: tls-alpn-01 needs listen.https, which is off'],
    ],
    [
      domain('listen: {https: off, http: off}'),
      ['1:1: error: tls.acme: no name can be proved: open listen.http or listen.https, or set tls.acme.dns'],
    ],
    [
      domain('tls: {acme: {names: []}}'),
      ['4:21: error: tls.acme.names: must not be empty; leave it out for the default'],
    ],
    [
      domain('tls: {acme: {names: ["*.example.com"]}}'),
      ['4:13: error: tls.acme: *.example.com can only be proved by dns-01: set tls.acme.dns'],
    ],
    [
      domain('tls: {acme: {names: ["*.example.com"], dns: {hook: h}, challenges: [http-01]}}'),
      ['4:68: error: tls.acme.challenges: lacks dns-01, which alone can prove *.example.com'],
    ],
    [
      domain('tls: {acme: {names: [x.example.com]}}'),
      ['4:21: error: tls.acme.names: lacks r.example.com of "domains"'],
    ],
    [
      domain(
        'tls: {acme: {names: ["*.*.example.com", "r.example.com:443", "*.192.0.2.1", "a b", https://r.example.com]}}',
      ),
      [
        '4:22: error: tls.acme.names.0: must be a host name, a wildcard such as *.example.com, or an IP address',
        '4:41: error: tls.acme.names.1: must be a host name, a wildcard such as *.example.com, or an IP address',
        '4:62: error: tls.acme.names.2: must be a host name, a wildcard such as *.example.com, or an IP address',
        '4:77: error: tls.acme.names.3: must be a host name, a wildcard such as *.example.com, or an IP address',
        '4:84: error: tls.acme.names.4: must be a host name, a wildcard such as *.example.com, or an IP address',
      ],
    ],
    [domain('tls: {acme: {dns: {}}}'), ['4:19: error: tls.acme.dns: needs either "hook" or "rfc2136"']],
    [
      domain('tls: {acme: {dns: {hook: h, rfc2136: {server: ns}}}}'),
      ['4:19: error: tls.acme.dns: needs either "hook" or "rfc2136"'],
    ],
    [
      domain('tls: {acme: {dns: {hook: "", env: [1A]}}}'),
      [
        '4:26: error: tls.acme.dns.hook: must not be empty',
        '4:36: error: tls.acme.dns.env.0: must be the name of an environment variable',
      ],
    ],
    [domain('tls: {acme: {dns: {rfc2136: {}}}}'), ['4:20: error: tls.acme.dns.rfc2136.server: is missing']],
    [
      domain('tls: {acme: {dns: {rfc2136: {server: "a b", key_algorithm: hmac-md5}}}}'),
      [
        '4:38: error: tls.acme.dns.rfc2136.server: must be HOST or HOST:PORT',
        '4:60: error: tls.acme.dns.rfc2136.key_algorithm: must be hmac-sha256, hmac-sha384 or hmac-sha512',
      ],
    ],
    [
      domain('tls: {acme: {dns: {rfc2136: {server: ns, key_name: k}}}}'),
      ['4:52: error: tls.acme.dns.rfc2136.key_name: key_name and key_secret belong together'],
    ],
    [
      domain('tls: {acme: {dns: {rfc2136: {server: ns, key_secret: aaaa}}}}'),
      ['4:20: error: tls.acme.dns.rfc2136.key_name: key_name and key_secret belong together'],
    ],
    [
      domain('tls: {acme: {dns: {rfc2136: {server: ns, key_name: k, key_secret: "??"}}}}'),
      ['4:67: error: tls.acme.dns.rfc2136.key_secret: must be base64'],
    ],
    [
      domain(
        'tls: {acme: {dns: {hook: h, resolvers: ["x y"], propagation_timeout: soon, propagation_wait: 5}}}',
      ),
      [
        '4:41: error: tls.acme.dns.resolvers.0: must be HOST or HOST:PORT',
        '4:70: error: tls.acme.dns.propagation_timeout: must be a duration such as 30s or 1m30s; the units are ms, s, m and h',
        '4:94: error: tls.acme.dns.propagation_wait: must be a duration such as 30s or 1m30s; the units are ms, s, m and h',
      ],
    ],
    [
      domain('tls: {acme: {preflight: maybe, stop_gap: 1, staging: yes}}'),
      [
        '4:25: error: tls.acme.preflight: must be true or false',
        '4:42: error: tls.acme.stop_gap: must be true or false',
      ],
    ],
    [
      domain('tls: {acme: {mail: a@b}}'),
      ['4:14: error: tls.acme: unknown key "mail"; did you mean "email"?'],
    ],
    [domain('tls: {acme: letsencrypt}'), ['4:13: error: tls.acme: must be a mapping']],
    [
      below('tls: {mode: acme}'),
      [
        '3:13: error: tls.mode: mode "acme" needs to know for which name: set domains.registry, or tls.acme.names',
      ],
    ],
    [
      below(
        'domains: {registry: 192.0.2.7}\nlisten: {http: off, https: off}\ntls: {mode: acme, acme: {dns: {hook: x}, profile: shortlived}}',
      ),
      ['5:25: error: tls.acme: the address 192.0.2.7 cannot be proved: open listen.http or listen.https'],
    ],
  ])
})
