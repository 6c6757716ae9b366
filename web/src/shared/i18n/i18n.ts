import i18next from 'i18next'
import { initReactI18next } from 'react-i18next'

import { preferredLanguage, type Language } from './languages'

const files = import.meta.glob<{ default: Record<string, unknown> }>('./locales/*.json')
const STORED = 'stimme.language'

/** Plural forms are i18next's `key_one`, `key_few`, …: chosen by Intl.PluralRules, so right in every language. */
async function load(language: Language): Promise<void> {
  if (i18next.hasResourceBundle(language, 'translation')) return
  const file = files[`./locales/${language}.json`]
  if (!file) throw new Error(`no texts for ${language}`)
  i18next.addResourceBundle(language, 'translation', (await file()).default)
}

export function initialLanguage(): Language {
  const stored = localStorage.getItem(STORED)
  return preferredLanguage([...(stored === null ? [] : [stored]), ...navigator.languages])
}

export async function startI18n(language: Language): Promise<void> {
  await i18next.use(initReactI18next).init({
    lng: language,
    fallbackLng: false,
    resources: {},
    interpolation: { escapeValue: false }, // React escapes
    react: { useSuspense: false },
  })
  await changeLanguage(language)
}

export async function changeLanguage(language: Language): Promise<void> {
  await load(language)
  await i18next.changeLanguage(language)
  localStorage.setItem(STORED, language)
  document.documentElement.lang = language
}
