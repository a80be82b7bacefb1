/** Larger ones are rare, and not kept. */
const maxKeptBytes = 4 * 1024 * 1024

let kept = Buffer.alloc(0)

/**
 * Memory for bytes that nobody needs any more when the next ones are asked for. A buffer of its own would be freed late, so
 * that each came from the system page by page, and that takes longer than to fill it.
 */
export function scratch(sizeBytes: number): Buffer {
  if (sizeBytes > maxKeptBytes) return Buffer.allocUnsafeSlow(sizeBytes)
  if (sizeBytes > kept.length) kept = Buffer.allocUnsafeSlow(Math.min(maxKeptBytes, 2 * sizeBytes))
  return kept.subarray(0, sizeBytes)
}
