/** Random bytes drawn ahead: one call of `getRandomValues` costs more than the rest of making an id. */
const pool = new Uint8Array(1_024)
let used = pool.length

const hexOfByte = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/** Returns the given number of random bytes in hexadecimal. No byte is used twice. */
export function randomHex(bytes: number): string {
  if (used + bytes > pool.length) {
    crypto.getRandomValues(pool)
    used = 0
  }
  let hex = ''
  for (const end = used + bytes; used < end; used++) hex += hexOfByte[pool[used]!]!
  return hex
}
