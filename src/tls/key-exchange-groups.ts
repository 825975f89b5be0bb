import { createSecureContext } from 'node:tls'

/** X25519 with ML-KEM: recorded traffic stays secret from later quantum computers. */
const HYBRID = 'X25519MLKEM768'

/** OpenSSL would add X448, P-521 and FFDHE: nobody needs them, and a client could ask for up to 8 times our CPU. */
const CLASSIC = 'X25519:P-256:P-384'

/**
 * Key exchange groups of the listener for `ecdhCurve`, best first. The hybrid needs OpenSSL 3.5 (Node 24); a client
 * that knows it is asked for it even at the cost of a round trip, which the `/` says.
 */
export function keyExchangeGroups(): string {
  return knows(HYBRID) ? `${HYBRID}/${CLASSIC}` : CLASSIC
}

function knows(group: string): boolean {
  try {
    createSecureContext({ ecdhCurve: group })
    return true
  } catch {
    return false // "Failed to set ECDH curve"
  }
}
