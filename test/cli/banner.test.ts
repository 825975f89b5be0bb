import t from 'tap'
import type { OpenPorts } from '../../src/app/listener-set.ts'
import { banner } from '../../src/cli/banner.ts'
import { loadConfig } from '../../src/config/load.ts'
import { writeConfigText } from './fake-terminal.ts'

const COMMON = 'state_dir: /state\naudit: {file: /log/audit.jsonl}\nusers: {}\nacl: []\n'

t.test('the banner says where the registry is, as clients type it', async t => {
  const cases: readonly { text: string; ports: OpenPorts; rows: readonly string[] }[] = [
    {
      text: 'domains: {registry: r.internal}\n',
      ports: { https: 443, http: 80, admin: 9090 },
      rows: [
        'registry   https://r.internal',
        'log in     docker login r.internal',
        'root CA    /state/ca/ca.pem',
        'audit log  /log/audit.jsonl',
        'metrics    http://127.0.0.1:9090/metrics',
      ],
    },
    {
      text: 'domains: {registry: r.internal}\nlisten: {admin: ":9191"}\n',
      ports: { https: 8443, admin: 9191 },
      rows: [
        'registry   https://r.internal:8443',
        'log in     docker login r.internal:8443',
        'root CA    /state/ca/ca.pem',
        'audit log  /log/audit.jsonl',
        'metrics    http://127.0.0.1:9191/metrics',
      ],
    },
    {
      text: 'domains: {registry: "r.internal:5443"}\nlisten: {admin: "10.0.0.5:9090"}\n',
      ports: { https: 443, admin: 9090 },
      rows: [
        'registry   https://r.internal:5443',
        'log in     docker login r.internal:5443',
        'root CA    /state/ca/ca.pem',
        'audit log  /log/audit.jsonl',
        'metrics    http://10.0.0.5:9090/metrics',
      ],
    },
    {
      text: 'domains: {registry: r.example.com, auth: auth.example.com}\ntls: {acme: {staging: true}}\n',
      ports: { https: 443, http: 80, admin: 9090 },
      rows: [
        'registry     https://r.example.com',
        'log in       docker login r.example.com',
        'certificate  r.example.com, auth.example.com by letsencrypt (test stage: nobody trusts its certificates); see landwaiter cert status',
        'audit log    /log/audit.jsonl',
        'metrics      http://127.0.0.1:9090/metrics',
      ],
    },
    {
      text: 'tls: {mode: files, certificate: /a.crt, key: /a.key}\n',
      ports: { https: 443 },
      rows: [
        'registry   https://localhost',
        'log in     docker login localhost',
        'audit log  /log/audit.jsonl',
      ],
    },
    {
      text: 'tls: {mode: off}\nserver: {addr: ":5001"}\n',
      ports: { http: 80, server: 5001 },
      rows: [
        'registry   plain HTTP on port 80 and port 5001',
        'log in     docker login localhost:80',
        'audit log  /log/audit.jsonl',
      ],
    },
    {
      text: 'domains: {registry: r.internal}\ntls: {mode: off}\n',
      ports: { http: 8080 },
      rows: [
        'registry   plain HTTP on port 8080',
        'log in     docker login r.internal',
        'audit log  /log/audit.jsonl',
      ],
    },
    {
      text: 'tls: {mode: off}\nserver: {net: unix, addr: /run/a.sock}\n',
      ports: { server: 0 },
      rows: ['registry   plain HTTP on /run/a.sock', 'audit log  /log/audit.jsonl'],
    },
  ]
  for (const { text, ports, rows } of cases) {
    const { config } = await loadConfig(writeConfigText(t, text + COMMON), {})
    const lines = ['', 'landwaiter 1.2.3 is running', ...rows.map(row => `  ${row}`), '', '']
    t.strictSame(banner(config, ports, '1.2.3').split('\n'), lines, text)
  }
})
