/**
 * Returns the last value of an async iterable, in which frameworks report progress; any other value as it is. Stops to read, and
 * ends the iterable, when the signal aborts.
 */
export async function lastValue(output: unknown, signal: AbortSignal): Promise<unknown> {
  if (!isAsyncIterable(output)) return output
  let last: unknown
  for await (const value of output) {
    last = value
    if (signal.aborted) break
  }
  return last
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value
}
