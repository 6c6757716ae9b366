import { Button } from '@mantine/core'
import { IconPencil, IconPlus, IconTrash } from '@tabler/icons-react'
import { useState, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'

import { Action } from '../Action'
import classes from '../admin.module.css'
import { ConfirmDialog } from '../FormDialog'
import { remove } from '../requests'
import type { Estate } from './estate'
import { nameOf, type Service } from './model'
import { ServiceDialog, type EditedKind } from './ServiceDialog'

interface Props {
  title: string
  hint: string
  kind: EditedKind
  services: readonly Service[]
  estate: Estate
  customerId: string
  row: (service: Service) => ReactNode
  /** There can be one only: then nothing more can be made. */
  single?: boolean
}

type Open = { what: 'change'; service: Service | null } | { what: 'delete'; service: Service } | null

/** Services of a kind under a heading, and what can be done with them. */
export function ServiceList({ title, hint, kind, services, estate, customerId, row, single = false }: Props) {
  const { t } = useTranslation()
  const [open, setOpen] = useState<Open>(null)
  const close = () => setOpen(null)
  const name = (service: Service) => nameOf(service) || t(`admin.services.kind.${kind}`)
  return (
    <section className={classes.services} aria-label={title} data-testid={`services-${kind}`}>
      <header className={classes.servicesHead}>
        <h2>{title}</h2>
        {!(single && services.length > 0) && (
          <Button
            variant="light"
            radius="xl"
            leftSection={<IconPlus size={18} />}
            onClick={() => setOpen({ what: 'change', service: null })}
            data-testid={`create-${kind}`}
          >
            {t(`admin.services.create.${kind}`)}
          </Button>
        )}
      </header>
      {services.length === 0 && <p className={classes.servicesHint}>{hint}</p>}
      {services.length > 0 && (
        <ul className={`quiet-list ${classes.rows ?? ''}`}>
          {services.map((service) => (
            <li key={service.id} className={classes.row} data-testid="service-row">
              {row(service)}
              <span className={classes.actions}>
                <Action
                  label={t('admin.services.change', { name: name(service) })}
                  onClick={() => setOpen({ what: 'change', service })}
                  testId="admin-change"
                >
                  <IconPencil size={20} />
                </Action>
                <Action
                  label={t('admin.services.delete', { name: name(service) })}
                  onClick={() => setOpen({ what: 'delete', service })}
                  testId="admin-delete"
                >
                  <IconTrash size={20} />
                </Action>
              </span>
            </li>
          ))}
        </ul>
      )}
      {open?.what === 'change' && (
        <ServiceDialog kind={kind} service={open.service} customerId={customerId} estate={estate} onClose={close} />
      )}
      {open?.what === 'delete' && (
        <ConfirmDialog
          title={t('admin.services.delete', { name: name(open.service) })}
          text={t(`admin.services.deleteText.${kind}`)}
          confirm={t('admin.delete')}
          action={() => remove(`/services/${open.service.id}`, open.service.version)}
          onClose={close}
        />
      )}
    </section>
  )
}
