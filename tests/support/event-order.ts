/** Compares ids of events, which are `<number of the journal entry>.<number within the entry>`. */
export function inJournalOrder(a: string, b: string): number {
  const [[entryA, eventA], [entryB, eventB]] = [a, b].map((id) => id.split('.').map(Number)) as [number[], number[]]
  return entryA! - entryB! || eventA! - eventB!
}
