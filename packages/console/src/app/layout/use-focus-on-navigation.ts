import { useEffect, useRef } from 'preact/hooks'

/**
 * Moves the focus to the heading of the page after a navigation within the console, as a browser does when it loads a page. A page
 * that still reads its data has none yet: until then the focus is on the content.
 */
export function useFocusOnNavigation(path: string): void {
  const shown = useRef(path)
  useEffect(() => {
    if (shown.current === path) return undefined
    shown.current = path
    const content = document.querySelector<HTMLElement>('#content')!
    content.focus({ preventScroll: true })
    function focusHeading(): void {
      const heading = content.querySelector('h1')
      // Somebody may have moved the focus in the meantime.
      const isHere = document.activeElement === content || document.activeElement === document.body
      if (heading === null && isHere) return
      observer.disconnect()
      if (heading === null || !isHere) return
      heading.tabIndex = -1
      heading.focus({ preventScroll: true })
    }
    const observer = new MutationObserver(focusHeading)
    observer.observe(content, { childList: true, subtree: true })
    focusHeading()
    return () => observer.disconnect()
  }, [path])
}
