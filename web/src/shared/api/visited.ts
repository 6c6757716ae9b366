/**
 * Whether somebody has signed in on this device and not out again. The session's cookie cannot be read by the page; this
 * spares newcomers a request that can only be refused, and shows them the door at once.
 */
const STORED = 'stimme.visited'

export const visited = {
  get: (): boolean => localStorage.getItem(STORED) !== null,
  set: (value: boolean): void => {
    if (value) localStorage.setItem(STORED, '1')
    else localStorage.removeItem(STORED)
  },
}
