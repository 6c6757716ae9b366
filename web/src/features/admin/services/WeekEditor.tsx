import { Button, Group } from '@mantine/core'
import { IconCopy, IconPlus, IconX } from '@tabler/icons-react'
import { useState, type PointerEvent } from 'react'
import { useTranslation } from 'react-i18next'

import { Action } from '../Action'
import classes from './calendar.module.css'
import type { Hours, Week } from './model'
import { bars, copied, dayName, DAYS, drawn, minuteAt, timeOf, weekInShort, withDay } from './week'

const AXIS = [0, 6, 12, 18, 24]
const WORKDAYS = ['0', '1', '2', '3', '4']

/** A week as a picture: one line a day. Without `onDraw` it is only looked at. */
export function WeekPicture({ week, chosen, onChoose, onDraw }: {
  week: Week
  chosen?: string
  onChoose?: (day: string) => void
  onDraw?: (day: string, from: number, to: number) => void
}) {
  const { i18n } = useTranslation()
  return (
    <div className={classes.week} data-testid="week">
      <div className={classes.axis} aria-hidden>
        {AXIS.map((hour) => (
          <span key={hour} style={{ left: `${(hour / 24) * 100}%` }}>
            {hour}
          </span>
        ))}
      </div>
      {DAYS.map((day) => (
        <div key={day} className={classes.day} data-weekend={day > '4'}>
          {onChoose ? (
            <button
              type="button"
              className={classes.dayName}
              aria-pressed={chosen === day}
              title={dayName(day, i18n.language, 'long')}
              onClick={() => onChoose(day)}
              data-testid={`day-${day}`}
            >
              {dayName(day, i18n.language, 'short')}
            </button>
          ) : (
            <span className={classes.dayName}>{dayName(day, i18n.language, 'short')}</span>
          )}
          <Line week={week} day={day} onDraw={onDraw} />
        </div>
      ))}
    </div>
  )
}

/** The line of a day. Drawing on it with a pointer opens; the same is done with the fields below. */
function Line({ week, day, onDraw }: { week: Week; day: string; onDraw: ((day: string, from: number, to: number) => void) | undefined }) {
  const [stroke, setStroke] = useState<{ from: number; to: number } | null>(null)
  const at = (event: PointerEvent<HTMLElement>) => {
    const box = event.currentTarget.getBoundingClientRect()
    return minuteAt((event.clientX - box.left) / box.width)
  }
  const drawing = onDraw && {
    onPointerDown: (event: PointerEvent<HTMLElement>) => {
      event.currentTarget.setPointerCapture(event.pointerId)
      setStroke({ from: at(event), to: at(event) })
    },
    onPointerMove: (event: PointerEvent<HTMLElement>) => {
      if (stroke) setStroke({ from: stroke.from, to: at(event) })
    },
    onPointerUp: () => {
      if (stroke && stroke.from !== stroke.to) onDraw(day, stroke.from, stroke.to)
      setStroke(null)
    },
    onPointerCancel: () => setStroke(null),
  }
  const percent = (minutes: number) => `${(minutes / 1440) * 100}%`
  return (
    <div className={classes.line} data-drawn={onDraw !== undefined} aria-hidden data-testid={`line-${day}`} {...drawing}>
      {bars(week, day).map((bar) => (
        <span key={bar.left} className={classes.bar} style={{ left: `${bar.left}%`, width: `${bar.width}%` }} />
      ))}
      {stroke && stroke.from !== stroke.to && (
        <span
          className={classes.stroke}
          style={{ left: percent(Math.min(stroke.from, stroke.to)), width: percent(Math.abs(stroke.to - stroke.from)) }}
        >
          {`${timeOf(Math.min(stroke.from, stroke.to))}–${timeOf(Math.max(stroke.from, stroke.to))}`}
        </span>
      )}
    </div>
  )
}

/** A week that is changed: draw on the picture, or choose a day and write its hours. */
export function WeekEditor({ week, onWeek }: { week: Week; onWeek: (week: Week) => void }) {
  const { t, i18n } = useTranslation()
  const [day, setDay] = useState('0')
  const name = dayName(day, i18n.language, 'long')
  const draw = (on: string, from: number, to: number) => {
    setDay(on)
    onWeek(withDay(week, on, drawn(week[on] ?? [], from, to)))
  }
  return (
    <div className={classes.editor}>
      <WeekPicture week={week} chosen={day} onChoose={setDay} onDraw={draw} />
      <p className={classes.short} data-testid="week-short">
        {weekInShort(week, i18n.language).join(' · ') || t('admin.calendar.alwaysClosed')}
      </p>
      <fieldset className={classes.hours}>
        <legend>{name}</legend>
        <HoursEditor hours={week[day] ?? []} onHours={(hours) => onWeek(withDay(week, day, hours))} of={name} />
        <Button
          variant="default"
          size="compact-md"
          leftSection={<IconCopy size={16} />}
          onClick={() => onWeek(copied(week, day, WORKDAYS))}
          data-testid="hours-copy"
        >
          {t('admin.calendar.copy')}
        </Button>
      </fieldset>
    </div>
  )
}

/** Hours of one day; none at all is closed. */
export function HoursEditor({ hours, onHours, of }: { hours: readonly Hours[]; onHours: (hours: Hours[]) => void; of: string }) {
  const { t } = useTranslation()
  const change = (place: number, part: Partial<Hours>) =>
    onHours(hours.map((each, other) => (other === place ? { ...each, ...part } : each)))
  return (
    <>
      {hours.length === 0 && <span className={classes.closed}>{t('admin.calendar.closed')}</span>}
      {hours.map((each, place) => (
        // Hours have no name of their own: their place is what they are known by.
        <Group key={place} gap={6} wrap="nowrap">
          {(['start', 'end'] as const).map((edge) => (
            <input
              key={edge}
              type="time"
              className={classes.time}
              aria-label={t(`admin.calendar.${edge}`, { day: of, place: place + 1 })}
              value={each[edge]}
              onChange={(event) => change(place, { [edge]: event.currentTarget.value })}
              data-testid={`hours-${edge}`}
            />
          ))}
          <Action
            label={t('admin.calendar.removeHours', { day: of, place: place + 1 })}
            onClick={() => onHours(hours.filter((_, other) => other !== place))}
            testId="hours-remove"
          >
            <IconX size={18} />
          </Action>
        </Group>
      ))}
      <Button
        variant="default"
        size="compact-md"
        leftSection={<IconPlus size={16} />}
        onClick={() => onHours([...hours, hours.length === 0 ? { start: '08:00', end: '17:00' } : { start: '18:00', end: '20:00' }])}
        data-testid="hours-add"
      >
        {t('admin.calendar.addHours')}
      </Button>
    </>
  )
}
