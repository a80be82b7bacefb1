import { useEffect } from 'preact/hooks'

import { plainText } from '../text/control-characters.ts'

/** Sets the title of the browser's tab. */
export function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${plainText(title).slice(0, 100)} · Codemode console`
  }, [title])
}
