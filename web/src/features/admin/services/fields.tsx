import { Autocomplete, MultiSelect, NativeSelect, NumberInput, Switch, TextInput } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { labelOf, numberMeant, OWN, type DestinationGroup } from './estate'
import type { FieldOf, Form } from './form'
import { KNOWN_PROMPTS, type KnownPrompt } from './prompts'

interface Option {
  value: string
  label: string
}

interface Props<T, V> {
  form: Form<T>
  name: FieldOf<T, V>
  label: string
  description?: string
}

/** What belongs to every field: its error, its test id, and what is said below its label. */
function common<T>(form: Form<T>, name: string, description: string | undefined) {
  return {
    error: form.error(name),
    'data-testid': `field-${name}`,
    ...(description === undefined ? {} : { description }),
  }
}

/** A part of the values with one field; TypeScript cannot follow a computed name of a generic type. */
const part = <T,>(name: keyof T, value: unknown) => ({ [name]: value }) as unknown as Partial<T>

interface TextProps<T> extends Props<T, string | null> {
  /** Nothing written is no value. */
  optional?: boolean
  digits?: boolean
  first?: boolean
}

export function TextField<T>({ form, name, label, description, optional = false, digits = false, first = false }: TextProps<T>) {
  const value = form.values[name] as string | null
  return (
    <TextInput
      {...common(form, name, description)}
      label={label}
      {...(digits ? { inputMode: 'numeric' as const } : {})}
      value={value ?? ''}
      onChange={(event) => {
        const text = event.currentTarget.value
        form.change(part<T>(name, optional && text.trim() === '' ? null : text))
      }}
      {...(first ? { 'data-autofocus': true } : {})}
    />
  )
}

interface NumberProps<T> extends Props<T, number> {
  seconds?: boolean
  min?: number
}

export function NumberField<T>({ form, name, label, description, seconds = false, min = 0 }: NumberProps<T>) {
  const { t } = useTranslation()
  const value = form.values[name] as number
  return (
    <NumberInput
      {...common(form, name, description)}
      label={label}
      {...(seconds ? { suffix: ` ${t('admin.services.seconds')}` } : {})}
      min={min}
      allowDecimal={false}
      value={value}
      onChange={(wanted) => form.change(part<T>(name, typeof wanted === 'number' ? wanted : min))}
    />
  )
}

interface ChoiceProps<T, V extends string> extends Props<T, V> {
  options: readonly { value: V; label: string }[]
}

export function ChoiceField<T, V extends string>({ form, name, label, description, options }: ChoiceProps<T, V>) {
  return (
    <NativeSelect
      {...common(form, name, description)}
      label={label}
      data={[...options]}
      value={form.values[name] as V}
      onChange={(event) => form.change(part<T>(name, event.currentTarget.value))}
    />
  )
}

interface OneOfProps<T> extends Props<T, string | null> {
  options: readonly Option[]
  none: string
}

/** One of the customer's things, by its name, or none. */
export function OneOfField<T>({ form, name, label, description, options, none }: OneOfProps<T>) {
  const value = form.values[name] as string | null
  return (
    <NativeSelect
      {...common(form, name, description)}
      label={label}
      data={[{ value: '', label: none }, ...options]}
      value={value ?? ''}
      onChange={(event) => form.change(part<T>(name, event.currentTarget.value || null))}
    />
  )
}

export function SwitchField<T>({ form, name, label, description }: Props<T, boolean>) {
  return (
    <Switch
      {...common(form, name, description)}
      label={label}
      checked={form.values[name] as boolean}
      onChange={(event) => form.change(part<T>(name, event.currentTarget.checked))}
    />
  )
}

interface ManyProps<T> extends Props<T, string[]> {
  options: readonly Option[]
}

/** Several of the customer's people, in the order in which they were chosen. */
export function ManyField<T>({ form, name, label, description, options }: ManyProps<T>) {
  const { t } = useTranslation()
  const chosen = form.values[name] as string[]
  return (
    <MultiSelect
      {...common(form, name, description)}
      label={label}
      data={[...options]}
      value={chosen}
      onChange={(value) => form.change(part<T>(name, value))}
      searchable
      hidePickedOptions
      nothingFoundMessage={t('admin.nothing')}
      clearButtonProps={{ 'aria-label': t('admin.services.removeAll') }}
      {...(chosen.length > 0 ? {} : { placeholder: t('admin.services.choose') })}
    />
  )
}

interface DestinationInputProps {
  label: string
  value: string | null
  groups: readonly DestinationGroup[]
  onValue: (value: string | null) => void
  description?: string | undefined
  error?: string | undefined
  testId: string
  hideLabel?: boolean
}

/** Where a call goes: chosen by name, or a number written down. */
export function DestinationInput({ label, value, groups, onValue, description, error, testId, hideLabel = false }: DestinationInputProps) {
  const [text, setText] = useState(() => (value === null ? '' : labelOf(value, groups)))
  return (
    <Autocomplete
      {...(hideLabel ? { 'aria-label': label } : { label })}
      {...(description === undefined ? {} : { description })}
      data={groups.map(({ group, items }) => ({ group, items: items.map((item) => item.label) }))}
      value={text}
      onChange={(wanted) => {
        setText(wanted)
        onValue(numberMeant(wanted, groups) || null)
      }}
      error={error}
      data-testid={testId}
    />
  )
}

interface DestinationProps<T> extends Props<T, string | null> {
  groups: readonly DestinationGroup[]
  /** An empty text where the settings know no "none". */
  required?: boolean
}

export function DestinationField<T>({ form, name, label, description, groups, required = false }: DestinationProps<T>) {
  return (
    <DestinationInput
      label={label}
      description={description}
      value={form.values[name] as string | null}
      groups={groups}
      onValue={(value) => form.change(part<T>(name, value ?? (required ? '' : null)))}
      error={form.error(name)}
      testId={`field-${name}`}
    />
  )
}

/** What is said: names of the known prompts; one of the customer's own keeps the name that it has. */
function usePromptOptions(kept: readonly string[], announcements: readonly string[]): Option[] {
  const { t } = useTranslation()
  const all = [...new Set([...announcements, ...kept])]
  const own = all.filter((prompt) => !(KNOWN_PROMPTS as readonly string[]).includes(prompt))
  return [
    ...KNOWN_PROMPTS.map((prompt: KnownPrompt) => ({ value: prompt, label: t(`admin.prompts.${prompt}`) })),
    ...own.map((prompt) => ({ value: prompt, label: prompt.startsWith(OWN) ? prompt.slice(OWN.length) : prompt })),
  ]
}

export function PromptField<T>({ form, name, label, description, own }: Props<T, string> & { own: readonly string[] }) {
  const value = form.values[name] as string
  const options = usePromptOptions([value], own)
  return <ChoiceField<T, string> form={form} name={name} label={label} options={options} {...(description === undefined ? {} : { description })} />
}

export function PromptsField<T>({ form, name, label, description, own }: Props<T, string[]> & { own: readonly string[] }) {
  const options = usePromptOptions(form.values[name] as string[], own)
  return <ManyField form={form} name={name} label={label} options={options} {...(description === undefined ? {} : { description })} />
}
