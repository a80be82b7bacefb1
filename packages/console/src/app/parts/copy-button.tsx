import { useEffect, useState } from 'preact/hooks'

/** Milliseconds for which the button says that it copied. */
const confirmMs = 1_500

/** Button that copies a text. `of` names the text for readers who do not see it. */
export function CopyButton({ text, of }: { text: string; of: string }) {
  const [state, setState] = useState<'ready' | 'copied' | 'failed'>('ready')
  useEffect(() => {
    if (state === 'ready') return undefined
    const timer = setTimeout(() => setState('ready'), confirmMs)
    return () => clearTimeout(timer)
  }, [state])
  async function copy(): Promise<void> {
    try {
      await navigator.clipboard.writeText(text)
      setState('copied')
    } catch {
      setState('failed')
    }
  }
  const label = { ready: 'Copy', copied: 'Copied', failed: 'Not allowed' }[state]
  return (
    <button type="button" class="copy" aria-label={`${label} ${of}`} onClick={() => void copy()}>
      {label}
    </button>
  )
}
