const format = {
  year: 'numeric',
  month: 'short',
  day: '2-digit',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
} as const satisfies Intl.DateTimeFormatOptions

const short = new Intl.DateTimeFormat(undefined, format)
const precise = new Intl.DateTimeFormat(undefined, { ...format, fractionalSecondDigits: 3, timeZoneName: 'short' })
const clock = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  fractionalSecondDigits: 3,
  hourCycle: 'h23',
})

const formats = { short, precise, clock }

/** Name of the viewer's time zone, in which times are shown, such as `Europe/Paris`. */
export const timeZone = short.resolvedOptions().timeZone

/** Returns a time with its date, in the viewer's zone. */
export const formatTime = (at: string | number): string => short.format(new Date(at))

/**
 * Time in the viewer's zone; on hover, the time as the executor gave it. `precise` adds milliseconds and the zone; `clock` leaves
 * the date out.
 */
export function Time({ at, format = 'short' }: { at: string | number; format?: keyof typeof formats }) {
  const date = new Date(at)
  const original = date.toISOString()
  return (
    <time dateTime={original} title={original}>
      {formats[format].format(date)}
    </time>
  )
}
