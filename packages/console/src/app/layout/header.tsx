import { useLocation } from 'preact-iso'

import { listApprovals } from '../api/approvals.ts'
import { signOut } from '../api/session.ts'
import { reportSignedOut } from '../api/signed-out.ts'
import { useResource } from '../api/use-resource.ts'
import { basePath, pagePath } from '../base-path.ts'
import { GuestText } from '../parts/guest-text.tsx'
import { useAction } from '../parts/use-action.ts'
import { useSession } from '../session-context.ts'

/** Milliseconds between counts of the pending approvals. */
const countEveryMs = 10_000
const mostCounted = 9

/** Header of every page: the pages, the number of pending approvals, and who is signed in. */
export function Header() {
  const { path } = useLocation()
  const session = useSession()
  const pending = useResource(
    'pending-approvals',
    async (signal) =>
      session.hasStore ? (await listApprovals({ status: 'pending', limit: mostCounted + 1 }, signal)).items.length : 0,
    { everyMs: () => (session.hasStore ? countEveryMs : undefined) },
  )
  const count = pending.value ?? 0
  const countText = count > mostCounted ? `${mostCounted}+` : String(count)
  const leave = useAction(async () => {
    await signOut()
    reportSignedOut()
  })
  const isApprovals = path.startsWith(`${basePath}/approvals`)
  return (
    <header class="top">
      <a class="skip" href="#content">
        Skip to the content
      </a>
      <a class="brand" href={pagePath('/executions')}>
        <span class="brand-mark" aria-hidden="true" />
        Codemode
      </a>
      <nav aria-label="Pages">
        <a href={pagePath('/executions')} aria-current={isApprovals ? undefined : 'page'}>
          Executions
        </a>
        <a href={pagePath('/approvals')} aria-current={isApprovals ? 'page' : undefined}>
          Approvals
          <span class="count" aria-label={`${countText} pending`} hidden={count === 0}>
            {countText}
          </span>
        </a>
      </nav>
      <div class="who">
        {session.mode === 'read-only' && <span class="badge">Read-only</span>}
        <span class="who-name" title={`Key ${session.keyId}, with the rights ${session.rights.join(', ')}`}>
          <GuestText text={session.owner} maxLength={40} />
          <span class="quiet">
            {' '}
            in <GuestText text={session.tenant} maxLength={40} />
          </span>
        </span>
        {session.signedInBy === 'cookie' && (
          <button type="button" disabled={leave.isRunning} onClick={() => void leave.run()}>
            Sign out
          </button>
        )}
      </div>
    </header>
  )
}
