import type { SinkSettings } from '../../audit/sinks/sink-settings.ts'
import type { Config } from '../../config/schema.ts'
import { readCaRoots } from '../read-ca-roots.ts'

/** The sinks of a configuration with the certificates they name. @throws CertificateFileError */
export function readSinks({ audit }: Pick<Config, 'audit'>): Promise<readonly SinkSettings[]> {
  return Promise.all(
    audit.sinks.map(async ({ ca_file, ...sink }): Promise<SinkSettings> => {
      const ca = await readCaRoots(ca_file)
      return ca === undefined ? sink : { ...sink, ca }
    }),
  )
}
