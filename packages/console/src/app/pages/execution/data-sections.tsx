import { GuestBlock } from '../../parts/guest-text.tsx'
import { prettyJson, prettyValue } from '../../text/pretty-json.ts'
import type { Execution } from './use-execution.ts'

/** Input, context and result of an execution, and the limits and tools with which it runs. */
export function DataSections({ journal }: Pick<Execution, 'journal'>) {
  const { input, context, config, tools, limits, runtime } = journal.header
  const result = resultOf(journal.entries)
  return (
    <section class="data" aria-label="Values">
      {result !== undefined && <GuestBlock title="Result" text={prettyJson(result)} />}
      <GuestBlock title="Input" text={prettyJson(input)} />
      {context !== '{}' && <GuestBlock title="Context" text={prettyJson(context)} />}
      {config !== '{}' && <GuestBlock title="Config" text={prettyJson(config)} />}
      <details>
        <summary>Tools, limits and versions</summary>
        <GuestBlock title="Tools" text={prettyValue(tools)} />
        <GuestBlock title="Limits" text={prettyValue(limits)} />
        <GuestBlock title="Versions" text={prettyValue(runtime)} />
      </details>
    </section>
  )
}

/** Returns the result as the journal has it, since a parsed number may have lost digits. */
function resultOf(entries: Execution['journal']['entries']): string | undefined {
  const last = entries.at(-1)
  return last?.type === 'turn' && last.effects.end?.ok === true ? last.effects.end.result : undefined
}
