import type { ReactNode } from 'react'

import classes from './ui.module.css'

interface Props {
  title: string
  aside?: ReactNode
  children: ReactNode
}

/** A page of the client: one heading, what belongs beside it, the content below. */
export function Page({ title, aside, children }: Props) {
  return (
    <section className={classes.page} aria-label={title}>
      <header className={classes.pageHead}>
        <h1>{title}</h1>
        {aside}
      </header>
      {children}
    </section>
  )
}
