/**
 * Shared by tests, benches, the demo and the examples: executors on free ports, proxies that fail on purpose, and
 * probes of processes.
 */
export { startBusyLoops } from './busy-loops.ts'
export { busy } from './busy.ts'
export { type ExecutorProcess, startExecutorProcess } from './executor-process.ts'
export { api, apiKey, connect, startExecutor, transports } from './executor.ts'
export { freePort } from './free-port.ts'
export { startHoldingProxy } from './holding-proxy.ts'
export { keyOf, type KeysFile, writeKeysFile } from './keys-file.ts'
export { startKillingProxy } from './killing-proxy.ts'
export { descendantsOf } from './process-tree.ts'
export { type LoadBalancer, startLoadBalancer } from './load-balancer.ts'
export { type PostgresServer, startPostgres } from './postgres-server.ts'
export { clientProgram, executorProgram, packageFlags } from './programs.ts'
export { type Exchange, type Fault, type Proxy, startProxy } from './proxy.ts'
export { type Ending, startIdleTimeoutGateway } from './idle-timeout-gateway.ts'
export { RandomKills, seededRandom } from './random-kills.ts'
export { replayOf } from './replay-command.ts'
export { isSandboxProcess, killIfAlive, killSandboxProcesses, sandboxProcesses } from './sandbox-processes.ts'
export {
  ScriptedModel,
  type ChatMessage,
  type ChatRequest,
  type ChatToolCall,
  type ScriptedAnswer,
  type ScriptedStep,
} from './scripted-model.ts'
export { startShiftingProxy } from './shifting-proxy.ts'
export { listenLocally, startTinyProxy } from './tiny-proxy.ts'
export { type CallbackRequest, ToolHost } from './tool-host.ts'
export { aborted, toolLatch } from './tool-latch.ts'
