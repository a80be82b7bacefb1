import { useEffect, useState } from 'preact/hooks'

import {
  isExecutionId,
  isSessionId,
  ranges,
  statusSets,
  type PageFilters,
  type RangeName,
  type StatusSet,
} from './filters.ts'
import { Time } from '../../parts/time.tsx'

/** Milliseconds without a key press after which a typed filter is applied. */
const typingMs = 300

/** Filters of the list of executions. Each change gives the URL of the filtered page. */
export function FilterBar({
  filters,
  hasRanges,
  onChange,
  onOpen,
}: {
  filters: PageFilters
  /** False if no execution is stored: those in memory are all of the same time. */
  hasRanges: boolean
  /** Called with a change; one of typed text replaces the URL and adds nothing to the history. */
  onChange: (change: Partial<PageFilters>, isTyped?: boolean) => void
  /** Called with the id of an execution to open. */
  onOpen: (id: string) => void
}) {
  return (
    <form class="filters" role="search" aria-label="Filters" onSubmit={(event) => event.preventDefault()}>
      <div class="segments" role="group" aria-label="Status">
        {(Object.keys(statusSets) as StatusSet[]).map((status) => (
          <button
            type="button"
            key={status}
            aria-pressed={filters.status === status}
            onClick={() => onChange({ status, errorCode: undefined })}
          >
            {statusSets[status].name}
          </button>
        ))}
      </div>
      {filters.errorCode !== undefined && (
        <button
          type="button"
          class="chip"
          title="Show all failed executions"
          onClick={() => onChange({ errorCode: undefined })}
        >
          <code>{filters.errorCode}</code> ✕
        </button>
      )}
      <TextFilter
        name="Label"
        placeholder="Exact label"
        value={filters.label}
        onChange={(label) => onChange({ label }, true)}
      />
      <TextFilter
        name="Session"
        placeholder="Session id"
        value={filters.session}
        onChange={(session) => {
          if (session === undefined || isSessionId(session)) onChange({ session }, true)
        }}
      />
      {filters.interval !== undefined ? (
        <button type="button" class="chip" onClick={() => onChange({ interval: undefined })}>
          <Time at={filters.interval.since} /> to <Time at={filters.interval.until} /> ✕
        </button>
      ) : (
        hasRanges && (
          <select
            aria-label="Time range"
            value={filters.range}
            onChange={(event) => onChange({ range: event.currentTarget.value as RangeName })}
          >
            {(Object.keys(ranges) as RangeName[]).map((range) => (
              <option key={range} value={range}>
                {ranges[range].name}
              </option>
            ))}
          </select>
        )
      )}
      <OpenField onOpen={onOpen} />
    </form>
  )
}

/** Field that opens the execution with the id that is typed. */
function OpenField({ onOpen }: { onOpen: (id: string) => void }) {
  const [problem, setProblem] = useState('')
  return (
    <span class="open-id">
      <input
        type="search"
        placeholder="Open id"
        aria-label="Open an execution by its id"
        aria-invalid={problem !== ''}
        aria-describedby="open-id-problem"
        maxLength={128}
        onInput={() => setProblem('')}
        onKeyDown={({ key, currentTarget }) => {
          const id = currentTarget.value.trim()
          if (key !== 'Enter' || id === '') return
          if (isExecutionId(id)) onOpen(id)
          else setProblem('No id of an execution: exe_ and a UUID in lower case')
        }}
      />
      <span id="open-id-problem" class="problem" role="status">
        {problem}
      </span>
    </span>
  )
}

function TextFilter({
  name,
  placeholder,
  value = '',
  onChange,
}: {
  name: string
  placeholder: string
  value: string | undefined
  onChange: (value: string | undefined) => void
}) {
  const [typed, setTyped] = useState(value)
  // Blanks at the end stay while somebody types.
  useEffect(() => setTyped((before) => (before.trim() === value ? before : value)), [value])
  useEffect(() => {
    const text = typed.trim()
    if (text === value) return undefined
    const timer = setTimeout(() => onChange(text === '' ? undefined : text), typingMs)
    return () => clearTimeout(timer)
  }, [typed])
  return (
    <input
      type="search"
      placeholder={placeholder}
      aria-label={name}
      value={typed}
      maxLength={256}
      onInput={(event) => setTyped(event.currentTarget.value)}
    />
  )
}
