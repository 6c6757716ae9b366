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
  IconListDetails,
  IconMapPin,
  IconPlugConnected,
  IconRocket,
  IconStethoscope,
  IconTag,
  IconUsers,
  IconUsersGroup,
  IconVolume,
} from '@tabler/icons-react'
import type { ReactNode } from 'react'

import type { Account } from '@/shared/api/types'

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
  | 'audit'

/** What each role administers, in the order of how often. */
export const SECTIONS: Readonly<Record<Exclude<Account['role'], 'user'>, readonly Section[]>> = {
  customer: ['users', 'devices', 'groups', 'reception', 'sounds', 'books', 'rules', 'lines', 'sites', 'records', 'licences', 'invoices', 'audit', 'setup'],
  reseller: ['customers', 'invoices', 'prices', 'audit'],
  provider: ['customers', 'resellers', 'health', 'months', 'invoices', 'prices', 'audit'],
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
  invoices: <IconFileInvoice />,
  audit: <IconListDetails />,
}
