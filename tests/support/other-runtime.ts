import { runtimeSource, runtimeTextOf, type RuntimeText } from '../../packages/executor/src/sandbox/runtime-source.ts'

/** Prefix that the changed runtime gives to each log entry. */
export const oldPrefix = 'old: '

/** Returns a guest runtime as another version may have it: it puts `oldPrefix` before the text of each log entry. */
export async function otherRuntime(): Promise<RuntimeText> {
  const { runtime, parts } = await runtimeSource()
  const changed = `(function () {
    const createRuntime = ${runtime}
    return (turnEnded, emit, ...host) => {
      const emitChanged = (kind, first, second, third) =>
        emit(kind, first, kind === 'log' ? ${JSON.stringify(oldPrefix)} + second : second, third)
      return createRuntime(turnEnded, emitChanged, ...host)
    }
  })()`
  return runtimeTextOf(JSON.stringify({ runtime: changed, parts }))
}
