import type { Account, CallListPage, Colleague, SoftphoneAccess } from './types'
import { visited } from './visited'

/** A sentence of the server: in English, and as code and values for saying it in another language. */
export interface Said {
  message: string
  code?: string | null
  values?: Readonly<Record<string, string | number>> | null
}

/** RFC 9457 problem details as the server sends them. */
interface Problem {
  type?: string
  status?: number
  title?: string
  detail?: string
  /** `detail` again, for other languages. */
  code?: string | null
  values?: Said['values']
  errors?: (Said & { field: string })[]
  reasons?: Said[] | null
}

/** What people sign in with; `code` for accounts that have one-time codes on. */
export interface Credentials {
  login: string
  password: string
  remember: boolean
  code?: string
}

const TYPE = 'urn:stimme:problem:'

/** The server answered, but not with what was asked for. */
export class ApiError extends Error {
  readonly status: number
  readonly problem: Problem
  /** The name of the problem type; empty when something that is not the server has answered. */
  readonly slug: string
  /** Seconds until another try is worth it (`Retry-After`), if the server said so. */
  readonly retryAfter: number | null

  constructor(status: number, problem: Problem, retryAfter: number | null) {
    super(problem.detail ?? problem.title ?? `HTTP ${status}`)
    this.name = 'ApiError'
    this.status = status
    this.problem = problem
    this.slug = problem.type?.startsWith(TYPE) === true ? problem.type.slice(TYPE.length) : ''
    this.retryAfter = retryAfter
  }
}

/** No answer at all: network down, server down, TLS refused. */
export class UnreachableError extends Error {
  constructor(cause: unknown) {
    super('server unreachable', { cause })
    this.name = 'UnreachableError'
  }
}

const BASE = '/api/v1'

/** Parses a `Retry-After` header given in seconds. */
function retryAfterSeconds(response: Response): number | null {
  const seconds = Number.parseInt(response.headers.get('Retry-After') ?? '', 10)
  return Number.isNaN(seconds) ? null : seconds
}

async function readProblem(response: Response): Promise<Problem> {
  try {
    return (await response.json()) as Problem
  } catch {
    return {}
  }
}

/**
 * One request with the session cookie. `X-Requested-With` proves to the server that a page of its own asked
 * (cookies alone do not).
 */
export async function request<T>(
  method: string,
  path: string,
  body?: unknown,
  signal?: AbortSignal,
  conditions: Readonly<Record<string, string>> = {},
): Promise<T> {
  const init: RequestInit = {
    method,
    credentials: 'same-origin',
    headers: {
      Accept: 'application/json',
      'X-Requested-With': 'stimme',
      ...conditions,
      ...(body === undefined ? {} : { 'Content-Type': body instanceof Blob ? body.type || 'audio/wav' : 'application/json' }),
    },
  }
  // A file goes as it is: the server looks at what is in it.
  if (body !== undefined) init.body = body instanceof Blob ? body : JSON.stringify(body)
  if (signal) init.signal = signal
  let response: Response
  try {
    response = await fetch(BASE + path, init)
  } catch (error) {
    if (signal?.aborted) throw error
    throw new UnreachableError(error)
  }
  // A gateway in front of a server that is down answers for it; for people that is the same thing.
  if (response.status === 502 || response.status === 504) throw new UnreachableError(response.status)
  if (!response.ok) throw new ApiError(response.status, await readProblem(response), retryAfterSeconds(response))
  if (response.status === 204) return undefined as T
  const text = await response.text()
  return (text === '' ? undefined : JSON.parse(text)) as T
}

/** Every request the client makes, by name. */
export const api = {
  /** The signed-in account, or null when nobody is signed in. Where nobody has signed in, the server is not asked. */
  async account(signal?: AbortSignal): Promise<Account | null> {
    if (!visited.get()) return null
    try {
      return await request<Account>('GET', '/session', undefined, signal)
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 401)) throw error
      visited.set(false)
      return null
    }
  },
  async signIn(credentials: Credentials): Promise<Account> {
    const session = await request<{ account: Account }>('POST', '/session', credentials)
    visited.set(true)
    return session.account
  },
  /** Choose the first (invitation) or a new password by the token of a letter. */
  choosePassword(purpose: 'invitation' | 'reset', token: string, password: string): Promise<{ login: string }> {
    const path = purpose === 'invitation' ? '/invitations/accept' : '/password-resets/accept'
    return request('POST', path, { token, password })
  },
  /** Ask for a letter with a link; unknown logins are answered the same. */
  forgotPassword(login: string): Promise<undefined> {
    return request<undefined>('POST', '/password-resets', { login })
  },
  signOut(): Promise<undefined> {
    visited.set(false)
    return request<undefined>('DELETE', '/session')
  },
  setLanguage: (language: string) => request<undefined>('PATCH', '/me', { language }),
  softphone: () => request<SoftphoneAccess>('GET', '/me/softphone'),
  calls(before: string | null, signal?: AbortSignal): Promise<CallListPage> {
    const query = new URLSearchParams({ limit: '50' })
    if (before !== null) query.set('before', before)
    return request('GET', `/me/calls?${query.toString()}`, undefined, signal)
  },
  markCallsSeen: () => request<undefined>('POST', '/me/calls/seen'),
  async directory(search: string, signal?: AbortSignal): Promise<Colleague[]> {
    const query = new URLSearchParams({ q: search })
    const page = await request<{ items: Colleague[] }>('GET', `/directory?${query.toString()}`, undefined, signal)
    return page.items
  },
}
