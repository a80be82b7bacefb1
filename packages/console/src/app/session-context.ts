import { createContext } from 'preact'
import { useContext } from 'preact/hooks'

import type { ConsoleSession } from '@codemode/shared'

/** Session of the person who uses the console. */
export const SessionContext = createContext<ConsoleSession | undefined>(undefined)

/** Returns the session. Pages exist only while somebody is signed in. */
export function useSession(): ConsoleSession {
  return useContext(SessionContext)!
}
