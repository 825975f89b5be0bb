import type { Terminal } from './terminal.ts'

/** Where the configuration is when neither the command line nor `LANDWAITER_CONFIG` says so. */
export const DEFAULT_CONFIG = '/etc/landwaiter/config.yml'

/** The configuration file to use: the one given, else `LANDWAITER_CONFIG`, else the default. */
export function configFile(given: string | undefined, { env }: Pick<Terminal, 'env'>): string {
  return given ?? (env['LANDWAITER_CONFIG'] || DEFAULT_CONFIG)
}
