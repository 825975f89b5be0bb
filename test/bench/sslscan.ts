import { runCommand } from '../support/run-command.ts'

/** What sslscan says of a server, by line of the matrix. */
export async function sslscan(port: number): Promise<ReadonlyMap<string, string>> {
  const args = ['--xml=-', '--ocsp', '--sni-name=localhost', `127.0.0.1:${port}`]
  const { code, stdout, stderr } = await runCommand('sslscan', args)
  if (code !== 0) throw new Error(`sslscan: ${stdout}${stderr}`)
  const elements = [...stdout.matchAll(/<(\w+) ([^>]*?)\/?>/g)].map(([, name = '', text = '']) => ({
    name,
    attributes: new Map(
      [...text.matchAll(/(\w+)="([^"]*)"/g)].map(([, key = '', value = '']) => [key, value]),
    ),
  }))
  const list = (name: string, pick: (attributes: ReadonlyMap<string, string>) => string | undefined) =>
    elements
      .filter(element => element.name === name)
      .flatMap(({ attributes }) => pick(attributes) ?? [])
      .join(', ')
  const suites = (version: string) =>
    list('cipher', found => (found.get('sslversion') === version ? found.get('cipher') : undefined))
  return new Map([
    [
      'protocols',
      list('protocol', found =>
        found.get('enabled') === '1'
          ? `${found.get('type')} ${found.get('version')}`.toUpperCase()
          : undefined,
      ),
    ],
    ['suites, TLS 1.3', suites('TLSv1.3')],
    ['suites, TLS 1.2', suites('TLSv1.2')],
    [
      'insecure renegotiation',
      list('renegotiation', found => (found.get('supported') === '1' ? 'yes' : 'no')),
    ],
    ['Heartbleed', list('heartbleed', found => (found.get('vulnerable') === '1' ? 'vulnerable' : 'no'))],
  ])
}
