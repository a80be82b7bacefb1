import process from 'node:process'
import { fileURLToPath } from 'node:url'

/** Node's flag by which a process uses the sources of the packages instead of what was built of them. */
export const sourceFlag = '--conditions=@codemode/source'

const usesSources = process.execArgv.includes(sourceFlag)

/** Returns the path of what was built of a source of a package. */
export const builtPath = (source: string): string => source.replace('/src/', '/dist/').replace(/ts$/, 'js')

const fileOf = (source: string): string =>
  fileURLToPath(new URL(`../../${usesSources ? source : builtPath(source)}`, import.meta.url))

/** Flags for Node by which another process uses the packages as this one does: built or as sources. */
export const packageFlags: readonly string[] = usesSources ? [sourceFlag] : []

/** Arguments for Node that start the command `codemode-executor`. */
export const executorProgram: readonly string[] = [...packageFlags, fileOf('executor/src/main.ts')]

/** Arguments for Node that start the command `codemode`. */
export const clientProgram: readonly string[] = [...packageFlags, fileOf('client/src/command/main.ts')]
