import process from 'node:process'
import { fileURLToPath } from 'node:url'

/** Node's flag by which a process uses the sources of the packages instead of what was built of them. */
export const sourceFlag = '--conditions=@codemode/source'

const usesSources = process.execArgv.includes(sourceFlag)
const fileOf = (path: string): string =>
  fileURLToPath(
    new URL(`../../${usesSources ? path : path.replace('/src/', '/dist/').replace(/ts$/, 'js')}`, import.meta.url),
  )

/** Flags for Node by which another process uses the packages as this one does: built or as sources. */
export const packageFlags: readonly string[] = usesSources ? [sourceFlag] : []

/** Arguments for Node that start the command `codemode-executor`. */
export const executorProgram: readonly string[] = [...packageFlags, fileOf('executor/src/main.ts')]

/** Arguments for Node that start the command `codemode`. */
export const clientProgram: readonly string[] = [...packageFlags, fileOf('client/src/command/main.ts')]
