/** Maximum size in bytes of the buffer that is kept. Larger ones are rare. */
const maxKeptBytes = 4 * 1024 * 1024

let kept = Buffer.alloc(0)

/**
 * Returns a shared buffer whose content is valid until the next call only. Separate buffers would be freed late, so
 * each call would need new pages from the system. That takes longer than filling them.
 */
export function reusedBuffer(sizeBytes: number): Buffer {
  if (sizeBytes > maxKeptBytes) return Buffer.allocUnsafeSlow(sizeBytes)
  if (sizeBytes > kept.length) kept = Buffer.allocUnsafeSlow(Math.min(maxKeptBytes, 2 * sizeBytes))
  return kept.subarray(0, sizeBytes)
}
