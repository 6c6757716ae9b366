import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

import { clockTime, dayName, spokenDuration, timer } from './format'
import { languageCodes, preferredLanguage } from './languages'

const folder = join(import.meta.dirname, 'locales')

interface Texts {
  [key: string]: string | Texts
}

function read(language: string): Map<string, string> {
  const flat = new Map<string, string>()
  const walk = (texts: Texts, path: string) => {
    for (const [key, value] of Object.entries(texts)) {
      if (typeof value === 'string') flat.set(path + key, value)
      else walk(value, `${path}${key}.`)
    }
  }
  walk(JSON.parse(readFileSync(join(folder, `${language}.json`), 'utf8')) as Texts, '')
  return flat
}

const categories = (language: string) => new Intl.PluralRules(language).resolvedOptions().pluralCategories
const PLURAL = /_(zero|one|two|few|many|other)$/
/** Keys counted in English, as their stem. `call_no_answer`-like keys have no `_other` beside them. */
const reference = read('en')
const counted = new Set([...reference.keys()].filter((key) => key.endsWith('_other')).map((key) => key.replace(PLURAL, '')))
const stem = (key: string) => (counted.has(key.replace(PLURAL, '')) ? key.replace(PLURAL, '') : key)
const stems = new Set([...reference.keys()].map(stem))
const placeholders = (text: string) => [...new Set(text.match(/{{\w+}}/g) ?? [])].sort()

it('every file is a language of the list and the other way round', () => {
  const files = readdirSync(folder).map((name) => name.replace('.json', ''))
  expect(files.sort()).toEqual([...languageCodes].sort())
})

describe.each(languageCodes)('%s', (language) => {
  const texts = read(language)

  it('has every text in every plural form of the language', () => {
    const wanted = [...stems].flatMap((key) =>
      counted.has(key) ? categories(language).map((category) => `${key}_${category}`) : [key],
    )
    expect([...texts.keys()].sort()).toEqual(wanted.sort())
  })

  it('has no empty text', () => {
    expect([...texts].filter(([, text]) => text.trim() === '')).toEqual([])
  })

  it('uses the same values in each text', () => {
    const wrong = [...texts].filter(([key, text]) => {
      const english = reference.get(key) ?? reference.get(`${stem(key)}_other`) ?? ''
      return placeholders(english).join() !== placeholders(text).join()
    })
    expect(wrong).toEqual([])
  })
})

it('no text of a component stands outside of the language files', () => {
  const source = join(import.meta.dirname, '../..')
  const components = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter(
    (path) => path.endsWith('.tsx') && !path.startsWith('gallery'),
  )
  const literal = /(?:aria-label|placeholder|title|label|alt)="(?!stimme")[^"]*\p{L}{2,}[^"]*"/u
  const found = components.filter((path) => literal.test(readFileSync(join(source, path), 'utf8')))
  expect(found).toEqual([])
})

it('picks the first wanted language we have', () => {
  expect(preferredLanguage(['fr-CH', 'de-AT', 'en'])).toBe('de')
  expect(preferredLanguage(['xx'])).toBe('en')
})

describe('format', () => {
  const now = new Date(2026, 4, 20, 12, 0)
  const iso = (...parts: [number, number, number, number, number]) => new Date(...parts).toISOString()

  it('names days', () => {
    expect(dayName(iso(2026, 4, 20, 8, 0), now, 'de')).toBe('Heute')
    expect(dayName(iso(2026, 4, 19, 23, 59), now, 'en')).toBe('Yesterday')
    expect(dayName(iso(2026, 4, 16, 8, 0), now, 'de')).toBe('Samstag')
    expect(dayName(iso(2026, 3, 2, 8, 0), now, 'de')).toBe('2. April')
    expect(dayName(iso(2025, 3, 2, 8, 0), now, 'en')).toBe('April 2, 2025')
  })

  it('writes times as the language does', () => {
    expect(clockTime(iso(2026, 4, 20, 14, 5), 'de')).toBe('14:05')
    expect(clockTime(iso(2026, 4, 20, 14, 5), 'en')).toMatch(/02:05\sPM/)
  })

  it('runs the timer', () => {
    expect([0, 5999, 754_000, 3_723_000, -5].map(timer)).toEqual(['0:00', '0:05', '12:34', '1:02:03', '0:00'])
  })

  it('says how long', () => {
    expect(spokenDuration(45, 'en')).toBe('45 sec')
    expect(spokenDuration(200, 'de')).toBe('3 Min. 20 Sek.')
    expect(spokenDuration(3900, 'en')).toBe('1 hr 5 min')
  })
})
