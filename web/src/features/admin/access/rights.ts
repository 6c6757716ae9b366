import type { components } from '@/shared/api/schema'
import type { Account } from '@/shared/api/types'

export type Right = components['schemas']['Right']

/** What of its role an account may do, in the order of how often it is given. */
export const RIGHTS = ['provisioning', 'support', 'billing', 'accounts'] as const satisfies readonly Right[]

/** Whether somebody with rights of his own (null: all) may do what one of `sufficient` is enough for. */
export function may(own: Account['rights'], sufficient: readonly Right[]): boolean {
  return own === null || own.some((right) => sufficient.includes(right))
}

/** The rights that somebody can give to others. */
export function givable(own: Account['rights']): readonly Right[] {
  return own === null ? RIGHTS : RIGHTS.filter((right) => own.includes(right))
}
