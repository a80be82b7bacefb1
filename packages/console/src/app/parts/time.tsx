const short = new Intl.DateTimeFormat(undefined, {
  month: 'short',
  day: '2-digit',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
})
const precise = new Intl.DateTimeFormat(undefined, {
  year: 'numeric',
  month: 'short',
  day: '2-digit',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  fractionalSecondDigits: 3,
  timeZoneName: 'short',
})

/** Time in the viewer's zone; on hover, the time as the executor gave it. */
export function Time({ at, isPrecise = false }: { at: string | number; isPrecise?: boolean }) {
  const date = new Date(at)
  const original = date.toISOString()
  return (
    <time dateTime={original} title={original}>
      {(isPrecise ? precise : short).format(date)}
    </time>
  )
}
