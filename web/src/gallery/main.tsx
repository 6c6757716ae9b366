import '@fontsource-variable/figtree'
import '@mantine/core/styles.css'
import '@/shared/theme/global.css'

import { MantineProvider } from '@mantine/core'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { MemoryRouter } from 'react-router'

import { initialLanguage, startI18n } from '@/shared/i18n/i18n'
import { theme } from '@/shared/theme/theme'

import { Gallery } from './Gallery'

const root = document.getElementById('root')
if (!root) throw new Error('page without #root')

await startI18n(initialLanguage())
createRoot(root).render(
  <StrictMode>
    <MantineProvider theme={theme} defaultColorScheme="auto">
      <MemoryRouter>
        <Gallery />
      </MemoryRouter>
    </MantineProvider>
  </StrictMode>,
)
