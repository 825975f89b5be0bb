import { setFlagsFromString } from 'node:v8'

/**
 * Keeps the young generation of V8's heap as it is. Loading the modules would make it grow to 64 MiB, which a server
 * that has nothing to do never gives back. To be called before the rest is imported.
 */
export function holdYoungGeneration(): void {
  setFlagsFromString('--semi-space-growth-factor=1')
}

/** Lets it grow again, as many requests at once need it to: a small one would be collected too often. */
export function releaseYoungGeneration(): void {
  setFlagsFromString('--semi-space-growth-factor=2')
}
