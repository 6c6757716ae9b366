import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'

import { changeLanguage } from '@/shared/i18n/i18n'
import { LANGUAGES, languageCodes } from '@/shared/i18n/languages'

import classes from './session.module.css'

/** What stands around the forms of the door. */
export function DoorFrame({ children }: { children: ReactNode }) {
  const { t } = useTranslation()
  return (
    <div className={classes.door}>
      <aside className={classes.poster} aria-hidden>
        <Wave />
        <p className={classes.tagline}>{t('app.tagline')}</p>
      </aside>
      <main className={classes.side}>{children}</main>
    </div>
  )
}

/** The languages that can be read before anybody is known. */
export function DoorLanguages() {
  const { t, i18n } = useTranslation()
  return (
    <div className={classes.languages} role="group" aria-label={t('settings.language')}>
      {languageCodes.map((code) => (
        <button
          key={code}
          type="button"
          lang={code}
          aria-pressed={i18n.resolvedLanguage === code}
          onClick={() => void changeLanguage(code)}
        >
          {LANGUAGES[code]}
        </button>
      ))}
    </div>
  )
}

const BARS = [18, 34, 62, 40, 88, 130, 74, 168, 220, 142, 96, 196, 250, 160, 84, 118, 60, 92, 44, 28, 14]

/** A voice, drawn. */
function Wave() {
  return (
    <svg className={classes.wave} viewBox="0 0 504 280" preserveAspectRatio="xMidYMid meet">
      {BARS.map((height, index) => (
        <rect
          key={index}
          x={index * 24 + 4}
          y={140 - height / 2}
          width={11}
          height={height}
          rx={5.5}
          fill={index === 12 ? '#ffa07a' : '#ffffff'}
          opacity={index === 12 ? 1 : 0.18 + height / 420}
        />
      ))}
    </svg>
  )
}
