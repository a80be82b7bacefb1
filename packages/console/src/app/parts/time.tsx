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

const clock = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  fractionalSecondDigits: 3,
  hourCycle: 'h23',
})

const formats = { short, precise, clock }

/** Time in the viewer's zone; on hover, the time as the executor gave it. `clock` leaves the date out. */
export function Time({ at, format = 'short' }: { at: string | number; format?: keyof typeof formats }) {
  const date = new Date(at)
  const original = date.toISOString()
  return (
    <time dateTime={original} title={original}>
      {formats[format].format(date)}
    </time>
  )
}
