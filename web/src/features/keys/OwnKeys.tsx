import { Button, Group, Text } from '@mantine/core'
import { IconKeyboard } from '@tabler/icons-react'
import { lazy, Suspense, useState } from 'react'
import { useTranslation } from 'react-i18next'

const KeysDialog = lazy(() => import('./KeysDialog').then((loaded) => ({ default: loaded.KeysDialog })))

/** The way to the own function keys. */
export function OwnKeys() {
  const { t } = useTranslation()
  const [open, setOpen] = useState(false)
  return (
    <>
      <Text>{t('keys.hint')}</Text>
      <Group>
        <Button variant="light" leftSection={<IconKeyboard size={18} />} onClick={() => setOpen(true)} data-testid="own-keys">
          {t('keys.open')}
        </Button>
      </Group>
      <Suspense>{open && <KeysDialog path="/me/keys" title={t('keys.title')} onClose={() => setOpen(false)} />}</Suspense>
    </>
  )
}
