import type { Json } from '@codemode/client'

/** Returns a text whose JSON has `bytes` bytes. */
export function text(bytes: number): string {
  return 'x'.repeat(Math.max(0, bytes - 2))
}

/** Returns records like those of tools, whose JSON has at most `bytes` bytes. */
export function records(bytes: number): Json[] {
  const found: Json[] = []
  let left = bytes - 2
  for (let id = 0; ; id++) {
    const record = { id, name: `customer ${id}`, active: id % 3 > 0, tags: ['one', 'two'], balance: id * 1.5 }
    left -= JSON.stringify(record).length + 1
    if (left < 0) return found
    found.push(record)
  }
}
