import { Fragment, type RefObject } from 'preact'

import { GuestBlock, GuestText } from '../../parts/guest-text.tsx'
import { CopyButton } from '../../parts/copy-button.tsx'
import { Time } from '../../parts/time.tsx'
import { plainText } from '../../text/control-characters.ts'
import { formatDuration, formatSince } from '../../text/durations.ts'
import { prettyJson } from '../../text/pretty-json.ts'
import { endOf, startOf, type Row } from '../../timeline/row.ts'

/** Details of a row of the timeline: its times, its facts, and texts such as the input and output of a call. */
export function RowDetails({
  element,
  row,
  began,
  onClose,
}: {
  element: RefObject<HTMLElement | null>
  row: Row
  /** Time at which a node began to run the execution. */
  began: number
  onClose: () => void
}) {
  const end = endOf(row)
  const since = startOf(row) - began
  return (
    <aside
      class="details"
      ref={element}
      aria-label={`Details of ${plainText(row.name)}`}
      onKeyDown={(event) => {
        if (event.key === 'Escape') onClose()
      }}
    >
      <header>
        <h3>
          <span class={`dot tone-${row.tone}`} aria-hidden="true" /> <GuestText text={row.name} maxLength={128} />
        </h3>
        <CopyButton text={location.href} what="link" of="to this row" />
        <button type="button" aria-label="Close the details" onClick={onClose}>
          ✕
        </button>
      </header>
      {row.note !== undefined && row.kind !== 'log' && (
        <p class="quiet">
          <GuestText text={row.note} maxLength={2_000} />
        </p>
      )}
      <dl>
        <dt>Start</dt>
        <dd>
          <Time at={startOf(row)} format="precise" />{' '}
          <span class="quiet">
            ({since < 0 ? '' : '+'}
            {formatSince(since)})
          </span>
        </dd>
        <dt>Duration</dt>
        <dd>{end === undefined ? 'not ended' : formatDuration(end - startOf(row))}</dd>
        {row.facts.map(([name, value]) => (
          <Fragment key={name}>
            <dt>{name}</dt>
            <dd>
              {typeof value === 'number' ? (
                <Time at={value} format="precise" />
              ) : (
                <GuestText text={value} maxLength={4_096} />
              )}
            </dd>
          </Fragment>
        ))}
      </dl>
      {row.parts.map(({ title, text, isJson }) => (
        <GuestBlock key={title} title={title} text={isJson ? prettyJson(text) : text} />
      ))}
    </aside>
  )
}
