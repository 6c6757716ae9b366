import { ActionIcon, Tooltip } from '@mantine/core'
import type { ReactNode } from 'react'

type Props = {
  label: string
  testId: string
  children: ReactNode
} & ({ onClick: () => void } | { href: string })

const LOOK = { variant: 'subtle', color: 'gray', radius: 'xl', size: 40 } as const

/** A button that is only a picture, with its name for everybody who does not know it; or one that saves a file. */
export function Action({ label, testId, children, ...does }: Props) {
  return (
    <Tooltip label={label}>
      {'href' in does ? (
        <ActionIcon {...LOOK} component="a" href={does.href} download aria-label={label} data-testid={testId}>
          {children}
        </ActionIcon>
      ) : (
        <ActionIcon {...LOOK} aria-label={label} onClick={does.onClick} data-testid={testId}>
          {children}
        </ActionIcon>
      )}
    </Tooltip>
  )
}
