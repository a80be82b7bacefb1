import './require-node.ts'

export { createExecutor, type RunningExecutor } from './app.ts'
export { ConfigurationError, type ExecutorConfigInput } from './config.ts'
