const TAG = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/

/** Whether `text` is a tag. Spec: OCI distribution-spec 1.1, "Pulling manifests", `<reference>`. */
export function isTag(text: string): boolean {
  return TAG.test(text)
}
