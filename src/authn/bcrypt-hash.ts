const BCRYPT = /^\$2[a-z]?\$([0-9]{2})\$([./A-Za-z0-9]{53})/

/**
 * The hash as bcryptjs takes it, 60 characters; `undefined` when it is no bcrypt hash of cost 4 to 31.
 * Like Go's bcrypt it takes any minor version (`$2$`, `$2x$`, `$2y$`) and ignores what follows the hash.
 */
export function normalizeBcryptHash(text: string): string | undefined {
  const cost = bcryptCost(text)
  const rest = BCRYPT.exec(text)?.[2]
  return cost === undefined ? undefined : `$2b$${String(cost).padStart(2, '0')}$${rest}`
}

/** The cost (binary logarithm of the rounds), 4 to 31; `undefined` when the text is no bcrypt hash. */
export function bcryptCost(text: string): number | undefined {
  const digits = BCRYPT.exec(text)?.[1]
  const cost = Number(digits)
  return digits !== undefined && cost >= 4 && cost <= 31 ? cost : undefined
}
