/** What a link in a letter is for: the first password of an account, or a new one. */
export type PasswordPurpose = 'invitation' | 'reset'

/** The purpose of an address of the page, if it is one of a letter. */
export function purposeOf(path: string): PasswordPurpose | null {
  const name = path.replace(/^\/|\/$/g, '')
  return name === 'invitation' || name === 'reset' ? name : null
}

/** The token behind `#`, which never reaches a server by itself. */
export function tokenIn(hash: string): string | null {
  const token = hash.replace(/^#/, '')
  return /^[\w-]{20,200}$/.test(token) ? token : null
}
