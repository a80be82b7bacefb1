import { networkNamespaceOf, statusOf } from '../proc.ts'
import type { Jail } from './jails.ts'

/**
 * Returns a description of a protection that a jail should provide and the kernel does not confirm for a process in it;
 * undefined when the kernel confirms all, or does not report them.
 */
export function missingProtection({ layers }: Jail, pid: number | undefined): string | undefined {
  const has = (layer: Jail['layers'][number]) => layers.includes(layer)
  if (has('no privileges') && statusOf(pid, 'NoNewPrivs') === '0')
    return 'the process may gain privileges (no_new_privs is not set)'
  if (has('no privileges') && /[1-9a-f]/.test(statusOf(pid, 'CapEff') ?? '')) return 'the process has capabilities'
  if (has('seccomp filter') && statusOf(pid, 'Seccomp') !== '2') return 'no system call filter is in force'
  if (has('namespaces') && networkNamespaceOf(pid) === networkNamespaceOf('self')) return 'the network is shared'
  return undefined
}
