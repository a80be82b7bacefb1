/** Returns a duration as text, such as `3.2 ms`, `41 s` or `2 h 5 min`. */
export function formatDuration(ms: number): string {
  if (ms === 0) return '0 ms'
  if (ms < 1) return `${ms.toFixed(1)} ms`
  if (ms < 999.5) return `${ms < 10 ? ms.toFixed(1).replace('.0', '') : Math.round(ms)} ms`
  const seconds = ms / 1_000
  if (seconds < 59.95) return `${seconds < 10 ? seconds.toFixed(2) : seconds.toFixed(1)} s`
  const minutes = Math.floor(Math.round(seconds) / 60)
  if (minutes < 60) return withRest(minutes, 'min', Math.round(seconds) % 60, 's')
  const hours = Math.floor(minutes / 60)
  if (hours < 24) return withRest(hours, 'h', minutes % 60, 'min')
  return withRest(Math.floor(hours / 24), 'd', hours % 24, 'h')
}

/** Returns the time since another one as a duration, with a minus if it is before it. */
export function formatSince(ms: number): string {
  return ms < 0 ? `−${formatDuration(-ms)}` : formatDuration(ms)
}

function withRest(count: number, unit: string, rest: number, restUnit: string): string {
  return rest === 0 ? `${count} ${unit}` : `${count} ${unit} ${rest} ${restUnit}`
}
