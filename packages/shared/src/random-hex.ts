/** The platform is asked for many random bytes at once, since each time costs more than all else about an id. */
const pool = new Uint8Array(1_024)
let used = pool.length

const hexOfByte = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/** So many random bytes, each given out once, in hexadecimal. */
export function randomHex(bytes: number): string {
  if (used + bytes > pool.length) {
    crypto.getRandomValues(pool)
    used = 0
  }
  let hex = ''
  for (const end = used + bytes; used < end; used++) hex += hexOfByte[pool[used]!]!
  return hex
}
