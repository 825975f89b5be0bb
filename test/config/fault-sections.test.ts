import t from 'tap'
import { below, compare } from './load-text.ts'

t.test('checks values of its own sections', async t => {
  await compare(t, [
    [
      below('domains: {registry: https://a.example}'),
      [
        '3:21: error: domains.registry: must be a host name or IP address, with or without a port; leave out the scheme',
      ],
    ],
    [
      below('domains: {registry: "a b"}'),
      ['3:21: error: domains.registry: must be a host name or IP address, with or without a port'],
    ],
    [
      below('listen: {https: 443}'),
      ['3:17: error: listen.https: must be HOST:PORT, :PORT or off; write ":443"'],
    ],
    [below('listen: {https: ":70000"}'), ['3:17: error: listen.https: must be HOST:PORT, :PORT or off']],
    [below('listen: {https: yes}'), ['3:17: error: listen.https: must be HOST:PORT, :PORT or off']],
    [below('listen: {https: [a]}'), ['3:17: error: listen.https: must be a single value, not a list']],
    [
      below('listen: {proxy_protocol: true}'),
      ['3:26: error: listen.proxy_protocol: needs the addresses of the proxies in trusted_proxies'],
    ],
    [
      below('tls: {mode: acme}'),
      [
        '3:13: error: tls.mode: mode "acme" needs to know for which name: set domains.registry, or tls.acme.names',
      ],
    ],
    [
      below('tls: {mode: file}'),
      ['3:13: error: tls.mode: must be acme, internal, files or off; did you mean "files"?'],
    ],
    [below('tls: {mode: files}'), ['3:13: error: tls.mode: mode "files" needs tls.certificate and tls.key']],
    [
      below('tls: {client_auth: {}}'),
      ['3:7: error: tls.client_auth.ca_file: is missing; name the PEM file with the CA of your clients'],
    ],
    [
      below('tls: {client_auth: {ca_file: ca.pem, mode: required, name: san}}'),
      [
        '3:44: error: tls.client_auth.mode: must be request or require; did you mean "require"?',
        '3:60: error: tls.client_auth.name: must be cn, email, dns or uri',
      ],
    ],
    [
      below('tls: {mode: off, client_auth: {ca_file: ca.pem}}\ntrusted_proxies: [10.0.0.1]'),
      ['3:31: error: tls.client_auth: needs TLS, which mode "off" leaves to a proxy'],
    ],
    [
      'acl: [{match: {labels: {cert_ou: build}}, actions: [pull]}]\ntls: {client_auth: {ca_file: ca.pem}}\n',
      [
        '1:6: note: acl: no rule allows to list the catalog; if that is wanted: match: {type: registry, name: catalog}, actions: ["*"]',
      ],
    ],
    [below('tls: {key: a}'), ['3:12: error: tls.key: needs "certificate" beside it']],
    [below('tls: {certificate: a}'), ['3:20: error: tls.certificate: needs "key" beside it']],
    [
      below('tls: {mode: internal, certificate: a, key: b}'),
      ['3:36: warning: tls.certificate: not used with mode "internal"; set mode: files'],
    ],
    [
      below('tls: {mode: off}'),
      [
        '3:13: warning: tls.mode: without TLS and trusted_proxies every client has the address of the proxy; list your proxies in trusted_proxies',
      ],
    ],
    [
      below('tls: {min_version: 1.1}'),
      ['3:20: error: tls.min_version: must be 1.2 or 1.3; did you mean "1.2"?'],
    ],
    [
      below('registry: {redirects: follow}'),
      ['3:23: error: registry.redirects: "follow" needs the hosts of the storage in redirect_hosts'],
    ],
    [
      below('registry: {redirect_hosts: ["https://s3.example.com"]}'),
      ['3:29: error: registry.redirect_hosts.0: must be HOST, HOST:PORT or *.SUFFIX; leave out the scheme'],
    ],
    ...['*', '*.com', '*.com:9000', '*.10.0.0.1', 'a.*.com', '**.a.com'].map(
      host =>
        [
          below(`registry: {redirect_hosts: ["${host}"]}`),
          [
            `3:29: error: registry.redirect_hosts.0: must be HOST, HOST:PORT or *.SUFFIX${/^\*\.[c1]/.test(host) ? '; a suffix has two parts or more' : ''}`,
          ],
        ] as const,
    ),
    [
      below('registry: {upstream: "https://r:5000"}'),
      [
        '3:22: error: registry.upstream: https between landwaiter and the registry is not available in this version; use http:// on a private network, or unix:',
      ],
    ],
    [
      below('registry: {upstream: "registry:5000"}'),
      [
        '3:22: error: registry.upstream: must be http://HOST:PORT or unix:/PATH; write "http://registry:5000"',
      ],
    ],
    [
      below('registry: {upstream: "http://r:5000/v2"}'),
      [
        '3:22: error: registry.upstream: must be http://HOST:PORT or unix:/PATH; leave out everything after the port',
      ],
    ],
    [
      below('registry: {upstream: "http://u:p@r:5000"}'),
      ['3:22: error: registry.upstream: must be http://HOST:PORT or unix:/PATH; leave out user and password'],
    ],
    [
      below('cache: {disk: {dir: /cache, size: 1GiB}}\nregistry: {run: true}'),
      ['3:15: error: cache.disk: is of no use beside registry.run, whose own files are read'],
    ],
    [
      below('cache: {disk: {dir: /cache, size: 1GiB}}\nworkers: 2'),
      ['3:15: error: cache.disk: is used by one thread only; leave out workers'],
    ],
    [below('cache: {disk: {dir: /cache}}'), ['3:9: error: cache.disk.size: is missing']],
    [
      below('cache: {disk: {dir: /cache, size: 10KiB}}'),
      ['3:35: error: cache.disk.size: must be 1MiB or more'],
    ],
    [
      below('registry: {upstream: "unix:run/r.sock"}'),
      ['3:22: error: registry.upstream: must be http://HOST:PORT or unix:/PATH; give the absolute path'],
    ],
    [
      below('registry: {upstream: "http://r:5000", run: true}'),
      ['3:22: error: registry.upstream: cannot be given beside "run", which makes its own'],
    ],
    [
      below('registry: {auth: internl}'),
      ['3:18: error: registry.auth: must be internal, passthrough or none; did you mean "internal"?'],
    ],
    [
      below('registry: {run: [a]}'),
      ['3:17: error: registry.run: must be true or false or a mapping, not a list'],
    ],
    [below('registry: {run: maybe}'), ['3:17: error: registry.run: must be true or false or a mapping']],
    [
      below('registry: {run: {storage: {s3: {bucket: b}}}}'),
      ['3:28: error: registry.run.storage.s3.region: is missing'],
    ],
    [
      below('registry: {run: {storage: {s3: {bucket: b, region: r, access_key: a}}}}'),
      ['3:67: error: registry.run.storage.s3.access_key: needs "secret_key" beside it'],
    ],
    [
      below('registry: {run: {storage: {s3: {bucket: b, region: r, endpoint: minio}}}}'),
      ['3:65: error: registry.run.storage.s3.endpoint: must be http://HOST:PORT or https://HOST:PORT'],
    ],
    [
      below('registry: {run: {direct_read: true, storage: {s3: {bucket: b, region: r}}}}'),
      ['3:31: error: registry.run.direct_read: needs storage of the kind filesystem'],
    ],
    [
      below('registry: {run: {storage: {filesystem: {}, s3: {bucket: b, region: r}}}}'),
      ['3:27: error: registry.run.storage: must name one storage, filesystem or s3'],
    ],
    [
      below('audit: {level: blob}'),
      ['3:16: error: audit.level: must be manifests, blobs or requests; did you mean "blobs"?'],
    ],
    [
      below('audit: {omit: [pull, chek]}'),
      [
        '3:22: error: audit.omit.1: must be pull, check, push, overwrite, delete, mount, list, login, token, server.start, server.stop, config.reload, cert.issue, cert.renew, cert.load, cert.expiring, cert.revoke, audit.rotate, audit.checkpoint, audit.gap or audit.prune; did you mean "check"?',
      ],
    ],
    [
      below('trusted_proxies: 10.0.0.1'),
      ['3:18: error: trusted_proxies: must be a list; write ["10.0.0.1"]'],
    ],
    [
      below('trusted_proxies: [10.0.0.0/33, lb, "::/129"]'),
      [
        '3:19: error: trusted_proxies.0: must be an IP address or a network such as 10.0.0.0/8',
        '3:32: error: trusted_proxies.1: must be an IP address or a network such as 10.0.0.0/8',
        '3:36: error: trusted_proxies.2: must be an IP address or a network such as 10.0.0.0/8',
      ],
    ],
    [
      below('limits: {shutdown_timeout: 30}'),
      [
        '3:28: error: limits.shutdown_timeout: must be a duration such as 30s or 1m30s; the units are ms, s, m and h',
      ],
    ],
    [
      below('limits: {shutdown_timeout: 10 s}'),
      [
        '3:28: error: limits.shutdown_timeout: must be a duration such as 30s or 1m30s; the units are ms, s, m and h',
      ],
    ],
    [
      below('limits: {transfer_memory: 64 MiBs}'),
      [
        '3:27: error: limits.transfer_memory: must be a size such as 64MiB; the units are KiB, MiB, GiB and TiB, or KB, MB, GB and TB',
      ],
    ],
    [below('limits: {connections: 0}'), ['3:23: error: limits.connections: must be 1 or more']],
    [below('limits: {transfer_memory: 1k}'), ['3:27: error: limits.transfer_memory: must be 1MiB or more']],
    [below('state_dir: ""'), ['3:12: error: state_dir: must not be empty']],
  ])
})
