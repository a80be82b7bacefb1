/** Waits for all promises, and resolves with their values. Rejects when all have settled, so that nothing runs on after a failure. */
export async function together<const T extends readonly unknown[]>(
  promises: T,
): Promise<{ -readonly [Key in keyof T]: Awaited<T[Key]> }> {
  const failures = (await Promise.allSettled(promises)).flatMap((settled): unknown[] =>
    settled.status === 'rejected' ? [settled.reason] : [],
  )
  if (failures.length > 1) throw new AggregateError(failures, `${failures.length} parts of the data failed`)
  return (await Promise.all(promises)) as never
}
