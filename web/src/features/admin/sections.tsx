import {
  IconAdjustments,
  IconBell,
  IconBook2,
  IconBuilding,
  IconBuildingStore,
  IconCalendarDollar,
  IconCertificate,
  IconDeviceLandlinePhone,
  IconFileInvoice,
  IconHistory,
  IconKey,
  IconListDetails,
  IconMail,
  IconMapPin,
  IconMicrophone,
  IconPlugConnected,
  IconRocket,
  IconRouter,
  IconStethoscope,
  IconTag,
  IconUserShield,
  IconUsers,
  IconUsersGroup,
  IconVolume,
} from '@tabler/icons-react'
import type { ReactNode } from 'react'

import type { Account } from '@/shared/api/types'

import { may, type Right } from './access/rights'

export type Section =
  | 'users'
  | 'devices'
  | 'setup'
  | 'groups'
  | 'reception'
  | 'sounds'
  | 'books'
  | 'rules'
  | 'lines'
  | 'sites'
  | 'records'
  | 'licences'
  | 'customers'
  | 'resellers'
  | 'health'
  | 'prices'
  | 'months'
  | 'invoices'
  | 'recordings'
  | 'gateways'
  | 'mail'
  | 'accounts'
  | 'sign-on'
  | 'audit'

/** What each role administers, in the order of how often. */
const SECTIONS: Readonly<Record<Exclude<Account['role'], 'user'>, readonly Section[]>> = {
  customer: ['users', 'devices', 'groups', 'reception', 'sounds', 'books', 'rules', 'lines', 'sites', 'records', 'recordings', 'licences', 'invoices', 'accounts', 'sign-on', 'audit', 'setup'],
  reseller: ['customers', 'invoices', 'prices', 'accounts', 'audit'],
  provider: ['customers', 'resellers', 'health', 'months', 'invoices', 'prices', 'gateways', 'mail', 'accounts', 'audit'],
}

export const SECTION_ICONS: Readonly<Record<Section, ReactNode>> = {
  users: <IconUsers />,
  devices: <IconDeviceLandlinePhone />,
  setup: <IconRocket />,
  groups: <IconUsersGroup />,
  reception: <IconBell />,
  sounds: <IconVolume />,
  books: <IconBook2 />,
  rules: <IconAdjustments />,
  lines: <IconPlugConnected />,
  sites: <IconMapPin />,
  records: <IconHistory />,
  licences: <IconCertificate />,
  customers: <IconBuilding />,
  resellers: <IconBuildingStore />,
  health: <IconStethoscope />,
  prices: <IconTag />,
  months: <IconCalendarDollar />,
  recordings: <IconMicrophone />,
  gateways: <IconRouter />,
  mail: <IconMail />,
  invoices: <IconFileInvoice />,
  accounts: <IconUserShield />,
  'sign-on': <IconKey />,
  audit: <IconListDetails />,
}

const SET_UP = ['provisioning', 'support'] as const
/** Which rights each section is for, as the server has it; sections without an entry are for all staff. None: for all rights only. */
const SUFFICIENT: Partial<Record<Section, readonly Right[]>> = {
  users: SET_UP,
  devices: SET_UP,
  setup: ['provisioning'],
  groups: SET_UP,
  reception: SET_UP,
  sounds: SET_UP,
  books: SET_UP,
  rules: SET_UP,
  lines: SET_UP,
  sites: SET_UP,
  records: ['support'],
  recordings: ['accounts'],
  health: SET_UP,
  gateways: SET_UP,
  mail: [],
  licences: ['billing', ...SET_UP],
  prices: ['billing'],
  months: ['billing'],
  invoices: ['billing'],
  accounts: ['accounts'],
  'sign-on': [],
  audit: ['accounts'],
}

/** What somebody administers: the sections of the role that the account's rights open. */
export function sectionsOf({ role, rights }: Pick<Account, 'role' | 'rights'>): readonly Section[] {
  return role === 'user' ? [] : SECTIONS[role].filter((section) => mayOpen(rights, section))
}

export function mayOpen(rights: Account['rights'], section: Section): boolean {
  const sufficient = SUFFICIENT[section]
  return sufficient === undefined || may(rights, sufficient)
}
