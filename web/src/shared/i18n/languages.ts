/**
 * The languages of the client. A language is added by its file in `locales/` and one line here; the test then demands every
 * key in every plural form of that language.
 */
export const LANGUAGES = {
  de: 'Deutsch',
  en: 'English',
} as const

export type Language = keyof typeof LANGUAGES

export const languageCodes = Object.keys(LANGUAGES) as Language[]

export function isLanguage(code: string): code is Language {
  return Object.hasOwn(LANGUAGES, code)
}

/** The first language we have of those the browser asks for ("de-AT" → "de"), else English. */
export function preferredLanguage(wanted: readonly string[]): Language {
  for (const tag of wanted) {
    const code = tag.split('-')[0]?.toLowerCase() ?? ''
    if (isLanguage(code)) return code
  }
  return 'en'
}
