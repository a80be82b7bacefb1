export {
  codesOfKind,
  errorCodes,
  type ErrorCode,
  type ExecutionErrorCode,
  type RequestErrorCode,
  type ToolErrorCode,
} from './errors/codes.ts'
export { errorBodySchema, type ErrorBody } from './errors/error-body.ts'
export { RequestError } from './errors/request-error.ts'
export { headers } from './headers.ts'
export {
  callIdOf,
  callNumberOf,
  correlationIdSchema,
  executionIdSchema,
  newCorrelationId,
  newExecutionId,
  newSessionId,
  sessionIdSchema,
} from './ids.ts'
export { jsonObjectSchema, jsonSchema, type Json, type JsonObject } from './json.ts'
export {
  clientTimeouts,
  timeoutOptions,
  defaultRequestLimits,
  fixedLimits,
  maxJsonNesting,
  maxTimerMs,
  requestLimitsSchema,
  type RequestLimits,
  type ResolvedRequestLimits,
  type TimeoutLayer,
} from './limits.ts'
export {
  approvalListSchema,
  approvalQuerySchema,
  approvalSchema,
  approvalStatusSchema,
  decisionRequestSchema,
  decisionSchema,
  pausedExecutionSchema,
  type Approval,
  type ApprovalList,
  type ApprovalQuery,
  type ApprovalStatus,
  type Decision,
  type DecisionRequest,
  type PausedExecution,
} from './protocol/approval.ts'
export { causeLimits, errorCauseSchema, type ErrorCause } from './protocol/error-cause.ts'
export { executionEventSchema, type ExecutionEvent } from './protocol/event.ts'
export {
  acceptedExecutionSchema,
  executionCountsQuerySchema,
  executionCountsSchema,
  executionListSchema,
  executionQuerySchema,
  executionSummarySchema,
  retryRequestSchema,
  type AcceptedExecution,
  type ExecutionCounts,
  type ExecutionCountsQuery,
  type ExecutionList,
  type ExecutionQuery,
  type ExecutionSummary,
  type RetryRequest,
} from './protocol/detached-execution.ts'
export {
  cancelRequestSchema,
  executionRecordSchema,
  executionStatusSchema,
  isFinal,
  type CancelRequest,
  type ExecutionRecord,
  type ExecutionStatus,
} from './protocol/execution-record.ts'
export {
  callbackSchema,
  executionRequestSchema,
  notifySchema,
  type Callback,
  type ExecutionRequest,
  type Notify,
} from './protocol/execution-request.ts'
export {
  executionFailureSchema,
  executionResultSchema,
  logEntrySchema,
  toolCallSummarySchema,
  usageSchema,
  warningSchema,
  type ExecutionFailure,
  type ExecutionResult,
  type LogEntry,
  type StepResult,
  type ToolCallSummary,
  type Usage,
  type Warning,
} from './protocol/execution-result.ts'
export {
  forkRequestSchema,
  sessionIdle,
  sessionListSchema,
  sessionQuerySchema,
  sessionRecordSchema,
  sessionRequestSchema,
  type ForkRequest,
  type SessionList,
  type SessionRecord,
  type SessionRequest,
  type SessionStep,
  type SessionSummary,
  type SessionVariable,
} from './protocol/session.ts'
export { infoSchema, type Info } from './protocol/info.ts'
export {
  ambiguousRefusalSchema,
  formatKnownReading,
  instanceReadingSchema,
  knownReadingPattern,
  parseKnownReading,
  readingHeaders,
  readingOf,
  type AmbiguousRefusal,
  type InstanceReading,
  type KnownReading,
} from './protocol/instance-reading.ts'
export {
  guestEndSchema,
  journalQuerySchema,
  journalSchema,
  journalVersion,
  turnEffectsSchema,
  type Delivery,
  type GuestEnd,
  type Journal,
  type JournalEntry,
  type JournalHeader,
  type TurnEffects,
} from './protocol/journal.ts'
export {
  notificationListSchema,
  notificationMessageSchema,
  notificationQuerySchema,
  notificationSchema,
  type Notification,
  type NotificationList,
  type NotificationMessage,
  type NotificationQuery,
} from './protocol/notification.ts'
export { replayVerdictSchema, type ReplayVerdict } from './protocol/replay.ts'
export {
  toolAnswerSchema,
  toolCallMessageSchema,
  toolCancelMessageSchema,
  toolDeclarationSchema,
  toolFailureSchema,
  toolMessageSchema,
  toolNameSchema,
  toolResponseSchema,
  toolResultsRequestSchema,
  toolResultsResponseSchema,
  type ApprovedCall,
  type ToolAnswer,
  type ToolCallMessage,
  type ToolCancelMessage,
  type ToolDeclaration,
  type ToolFailure,
  type ToolResponse,
  type ToolResultsRequest,
  type ToolResultsResponse,
} from './protocol/tool.ts'
