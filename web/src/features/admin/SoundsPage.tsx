import { ActionIcon, Button, FileButton, FileInput, NativeSelect, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { IconMusic, IconPlayerPlay, IconPlus, IconTrash, IconUpload, IconVolume } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { LANGUAGES, languageCodes, type Language } from '@/shared/i18n/languages'
import { spokenDuration } from '@/shared/i18n/format'
import { Page } from '@/shared/ui/Page'

import { Action } from './Action'
import classes from './admin.module.css'
import { ConfirmDialog, FormDialog, RefusalAlert, useAttempt } from './FormDialog'
import { Pill, RowText, SearchField, useSearch } from './Listing'
import { put, read, remove, type Prompt, type Recording } from './requests'
import { HOLD, OWN, useRecordings } from './services/estate'
import { soundName } from './sounds'

const AUDIO = 'audio/wav,audio/x-wav,audio/mpeg,.wav,.mp3'

interface Sound {
  folder: Recording['folder']
  name: string
  title: string
  own: Recording | null
}

/** What callers hear: to listen to, to replace by recordings of one's own, to add to. */
export function SoundsPage({ customerId }: { customerId: string }) {
  const { t, i18n } = useTranslation()
  const search = useSearch()
  const [language, setLanguage] = useState<Language>(i18n.language === 'en' ? 'en' : 'de')
  const [adding, setAdding] = useState(false)
  const prompts = useQuery({
    queryKey: ['admin', '/prompts'],
    queryFn: ({ signal }) => read<{ items: Prompt[] }>('/prompts', signal),
    staleTime: Infinity,
  })
  const recordings = useRecordings(customerId).data ?? []
  const recording = (folder: Sound['folder'], name: string) =>
    recordings.find((one) => one.folder === folder && one.name === name) ?? null
  const wanted = search.wanted.trim().toLocaleLowerCase()
  const ours = (prompts.data?.items ?? [])
    .flatMap((prompt) => prompt.parts)
    .filter((part) => part.language === language && part.text.toLocaleLowerCase().includes(wanted))
    .map((part): Sound => ({ folder: language, name: part.name, title: part.text, own: recording(language, part.name) }))
  const own = recordings
    .filter((one) => one.folder === language && one.name.startsWith(OWN))
    .map((one): Sound => ({ folder: language, name: one.name, title: one.name.slice(OWN.length), own: one }))
  const music = recordings
    .filter((one) => one.folder === 'music' && one.name !== HOLD)
    .map((one): Sound => ({ folder: 'music', name: one.name, title: one.name, own: one }))
  const hold: Sound = { folder: 'music', name: HOLD, title: t('admin.sounds.hold'), own: recording('music', HOLD) }
  return (
    <Page
      title={t('admin.sounds.title')}
      aside={
        <div className={classes.tools}>
          <SearchField label={t('admin.sounds.search')} text={search.text} onText={search.setText} />
          <NativeSelect
            aria-label={t('admin.sounds.language')}
            miw={116}
            data={languageCodes.map((value) => ({ value, label: LANGUAGES[value] }))}
            value={language}
            onChange={(event) => setLanguage(event.currentTarget.value as Language)}
          />
          <Button radius="xl" size="md" leftSection={<IconPlus size={18} />} onClick={() => setAdding(true)} data-testid="admin-create">
            {t('admin.sounds.add')}
          </Button>
        </div>
      }
    >
      <Sounds title={t('admin.sounds.own')} hint={t('admin.sounds.ownHint')} sounds={own} customerId={customerId} />
      <Sounds title={t('admin.sounds.music')} sounds={[hold, ...music]} customerId={customerId} />
      <Sounds title={t('admin.sounds.ours')} sounds={ours} customerId={customerId} />
      {adding && <NewSound customerId={customerId} folder={language} onClose={() => setAdding(false)} />}
    </Page>
  )
}

const pathOf = (customerId: string, { folder, name }: Pick<Sound, 'folder' | 'name'>) =>
  `/customers/${customerId}/recordings/${folder}/${name}`

function Sounds({ title, hint, sounds, customerId }: { title: string; hint?: string; sounds: readonly Sound[]; customerId: string }) {
  return (
    <section className={classes.services} aria-label={title}>
      <header className={classes.servicesHead}>
        <h2>{title}</h2>
      </header>
      {sounds.length === 0 && hint !== undefined && <p className={classes.servicesHint}>{hint}</p>}
      {sounds.length > 0 && (
        <ul className={`quiet-list ${classes.rows ?? ''}`}>
          {sounds.map((sound) => (
            <SoundRow key={`${sound.folder}/${sound.name}`} sound={sound} path={pathOf(customerId, sound)} />
          ))}
        </ul>
      )}
    </section>
  )
}

function SoundRow({ sound, path }: { sound: Sound; path: string }) {
  const { t, i18n } = useTranslation()
  const attempt = useAttempt()
  const [heard, setHeard] = useState(false)
  const [asked, setAsked] = useState(false)
  const { title, own } = sound
  const replace = (file: File | null) => {
    if (file) void attempt.run(() => put(path, own?.version ?? null, file))
  }
  return (
    <li className={classes.row} data-testid="sound-row" data-name={sound.name} data-own={own !== null}>
      {sound.folder === 'music' ? <IconMusic aria-hidden /> : <IconVolume aria-hidden />}
      <RowText title={title} badge={own && <Pill tone="accent">{t('admin.sounds.replaced')}</Pill>}>
        {own && <span>{spokenDuration(own.seconds, i18n.language)}</span>}
        <RefusalAlert refusal={attempt.refusal} />
        {heard && <audio className={classes.player} src={`/api/v1${path}?${own?.version ?? 0}`} controls autoPlay aria-label={title} />}
      </RowText>
      <span className={classes.actions}>
        <Action label={t('admin.sounds.listen', { name: title })} onClick={() => setHeard(!heard)} testId="sound-listen">
          <IconPlayerPlay size={20} />
        </Action>
        <FileButton accept={AUDIO} onChange={replace} inputProps={{ 'aria-label': t('admin.sounds.file') }}>
          {(props) => (
            <ActionIcon
              {...props}
              variant="subtle"
              color="gray"
              radius="xl"
              size={40}
              loading={attempt.busy}
              aria-label={t('admin.sounds.replace', { name: title })}
              data-testid="sound-replace"
            >
              <IconUpload size={20} />
            </ActionIcon>
          )}
        </FileButton>
        {own && (
          <Action label={t('admin.sounds.delete', { name: title })} onClick={() => setAsked(true)} testId="admin-delete">
            <IconTrash size={20} />
          </Action>
        )}
      </span>
      {asked && own && (
        <ConfirmDialog
          title={t('admin.sounds.delete', { name: title })}
          text={t('admin.sounds.deleteText')}
          confirm={t('admin.delete')}
          action={() => remove(path, own.version)}
          onClose={() => setAsked(false)}
        />
      )}
    </li>
  )
}

function NewSound({ customerId, folder, onClose }: { customerId: string; folder: Sound['folder']; onClose: () => void }) {
  const { t } = useTranslation()
  const attempt = useAttempt()
  const [title, setTitle] = useState('')
  const [kind, setKind] = useState<'announcement' | 'music'>('announcement')
  const [file, setFile] = useState<File | null>(null)
  const name = soundName(title)
  const send = async () => {
    const path = pathOf(customerId, kind === 'music' ? { folder: 'music', name } : { folder, name: OWN + name })
    if (file && (await attempt.run(() => put(path, null, file)))) onClose()
  }
  return (
    <FormDialog
      title={t('admin.sounds.add')}
      submit={t('admin.create')}
      attempt={{ ...attempt, blocked: name === '' || file === null }}
      shown={['name']}
      onSubmit={() => void send()}
      onClose={onClose}
    >
      <NativeSelect
        label={t('admin.sounds.kind')}
        description={t(`admin.sounds.kindHint.${kind}`)}
        data={(['announcement', 'music'] as const).map((value) => ({ value, label: t(`admin.sounds.kinds.${value}`) }))}
        value={kind}
        onChange={(event) => setKind(event.currentTarget.value as 'announcement' | 'music')}
        data-testid="field-kind"
      />
      <TextInput
        label={t('admin.sounds.name')}
        value={title}
        onChange={(event) => setTitle(event.currentTarget.value)}
        error={attempt.refusal?.fields.name}
        data-autofocus
        data-testid="field-name"
      />
      <FileInput
        label={t('admin.sounds.file')}
        placeholder={t('admin.import.choose')}
        accept={AUDIO}
        value={file}
        onChange={setFile}
        data-testid="field-file"
      />
    </FormDialog>
  )
}
