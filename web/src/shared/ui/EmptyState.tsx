import type { ReactNode } from 'react'

import classes from './ui.module.css'

interface Props {
  icon: ReactNode
  title: string
  hint?: string
  action?: ReactNode
}

export function EmptyState({ icon, title, hint, action }: Props) {
  return (
    <div className={classes.empty}>
      <span className={classes.emptyIcon} aria-hidden>
        {icon}
      </span>
      <strong>{title}</strong>
      {hint !== undefined && <span className={classes.emptyHint}>{hint}</span>}
      {action}
    </div>
  )
}
