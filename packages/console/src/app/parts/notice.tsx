import type { ComponentChildren } from 'preact'

import type { ApiError } from '../api/request.ts'
import { GuestText } from './guest-text.tsx'

/** Message about a request that failed, with what to do about it. */
export function ErrorNotice({ error, onRetry }: { error: ApiError; onRetry?: () => void }) {
  return (
    <div class="notice notice-error" role="alert">
      <strong>{error.code}</strong> <GuestText text={error.message} maxLength={2_000} />
      {error.suggestion !== undefined && (
        <p>
          <GuestText text={error.suggestion} maxLength={2_000} />
        </p>
      )}
      {onRetry && (
        <button type="button" onClick={onRetry}>
          Try again
        </button>
      )}
    </div>
  )
}

/** Message in place of content that is not there. */
export function EmptyNotice({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <h2>{title}</h2>
      {children}
    </div>
  )
}

/** Placeholder of the same height as the content that is being read. */
export function Loading({ of, rows = 6 }: { of: string; rows?: number }) {
  return (
    <div class="loading" role="status" aria-label={`Loading ${of}`}>
      {Array.from({ length: rows }, (_, index) => (
        <div class="loading-row" key={index} />
      ))}
    </div>
  )
}
