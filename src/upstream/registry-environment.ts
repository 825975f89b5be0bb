const PASSED_ON = /^(PATH|HOME|TZ|LANG|TMPDIR|SSL_CERT_(FILE|DIR)|(HTTPS?|NO)_PROXY|AWS_\w+|GO\w+|OTEL_\w+)$/i

/**
 * Environment of the registry: what reaches storage needs, nothing of ours. `REGISTRY_*` would override our
 * configuration file, and with `AWS_CA_BUNDLE` the S3 driver of version 2 panics. Version 3 exports traces to
 * localhost unless told otherwise.
 */
export function registryEnvironment(
  env: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string>> {
  const passed: Record<string, string> = { OTEL_TRACES_EXPORTER: 'none' }
  for (const [name, value] of Object.entries(env)) {
    if (value !== undefined && name !== 'AWS_CA_BUNDLE' && PASSED_ON.test(name)) passed[name] = value
  }
  return passed
}
