import { useState } from 'react'

import type { Refusal } from '../refusal'

/** The values of a form, how they are changed, and what the server said about each. */
export interface Form<T> {
  values: T
  change: (part: Partial<T>) => void
  error: (field: string) => string | undefined
}

/** Fields of `T` that hold values of a type. */
export type FieldOf<T, V> = { [K in keyof T]-?: T[K] extends V ? K : never }[keyof T] & string

const SETTINGS = 'settings'

/** The message for a field, or for something inside it (`members.0` for `members`). */
export function errorAt(fields: Refusal['fields'], field: string): string | undefined {
  if (fields[field] !== undefined) return fields[field]
  return Object.entries(fields).find(([path]) => path.startsWith(`${field}.`))?.[1]
}

/** Those of the refused fields that one of the named controls shows. */
export function shownOf(fields: Refusal['fields'], names: readonly string[]): string[] {
  return Object.keys(fields).filter((path) => names.some((name) => path === name || path.startsWith(`${name}.`)))
}

/** A form over the settings of a service; the server names their fields `settings.…`. */
export function useSettingsForm<T>(initial: T, fields: Refusal['fields'] | undefined): Form<T> {
  const [values, setValues] = useState(initial)
  return {
    values,
    change: (part) => setValues((before) => ({ ...before, ...part })),
    error: (field) => errorAt(fields ?? {}, `${SETTINGS}.${field}`),
  }
}

/** The form of an object inside the values of another. */
export function within<T, K extends keyof T & string>(form: Form<T>, name: K): Form<T[K]> {
  return {
    values: form.values[name],
    // A computed key of a generic type is not known to be a part of it.
    change: (part) => form.change({ [name]: { ...form.values[name], ...part } } as unknown as Partial<T>),
    error: (field) => form.error(`${name}.${field}`),
  }
}
