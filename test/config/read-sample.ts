import { z } from 'zod'
import { parseYaml } from '../../src/config/yaml-document.ts'
import { readValue } from '../../src/config/yaml-value.ts'

const Schema = z.object({
  s: z.string().optional(),
  i: z.number().optional(),
  b: z.boolean().optional(),
  l: z.array(z.string()).optional(),
  m: z.record(z.string(), z.string()).optional(),
  server: z.object({ addr: z.string().optional(), path_prefix: z.string().optional() }).optional(),
  users: z
    .record(
      z.string(),
      z
        .object({
          password: z.string().optional(),
          labels: z.record(z.string(), z.array(z.string())).optional(),
        })
        .nullable(),
    )
    .optional(),
  rules: z
    .array(
      z.object({
        match: z
          .object({
            account: z.string().optional(),
            name: z.string().optional(),
            labels: z.record(z.string(), z.string()).optional(),
          })
          .optional(),
        actions: z.array(z.string()).optional(),
        comment: z.string().optional(),
      }),
    )
    .optional(),
})

/** The values of a text by a schema of every shape, and what is said about it. */
export function readSample(text: string) {
  const document = parseYaml(text)
  const reading = readValue(document, Schema, { env: {}, interpolated: new Set() })
  const faults = [...document.faults, ...reading.faults].map(fault => {
    const { line, column } = document.position(fault.offset ?? reading.places.offsetOf(fault.path))
    return `${line}:${column} ${fault.severity}: ${fault.message}`
  })
  return { value: reading.value, faults }
}
