import { useTranslation } from 'react-i18next'
import { Link, Navigate, Route, Routes } from 'react-router'

import { useSignedIn } from '@/app/services'
import { BooksPage } from '@/features/books/BooksPage'
import { Page } from '@/shared/ui/Page'

import { AccountsPage } from './access/AccountsPage'
import { SignOnPage } from './access/SignOnPage'
import classes from './admin.module.css'
import { AuditPage } from './AuditPage'
import { CustomerPage, CustomersPage } from './CustomersPage'
import { GatewaysPage } from './GatewaysPage'
import { HealthPage } from './HealthPage'
import { LicencesPage } from './LicencesPage'
import { LinesPage } from './LinesPage'
import { DevicesPage } from './DevicesPage'
import { MailPage } from './MailPage'
import { InvoicesPage, MonthsPage, PricesPage } from './MoneyPages'
import { RecordedCallsPage } from './RecordedCallsPage'
import { RecordsPage } from './RecordsPage'
import { ResellersPage } from './ResellersPage'
import { SearchPage } from './SearchPage'
import { SECTION_ICONS, sectionsOf } from './sections'
import { GroupsPage, ReceptionPage, RulesPage } from './services/ServicePages'
import { SetupPage } from './setup/SetupPage'
import { SitesPage } from './SitesPage'
import { SoundsPage } from './SoundsPage'
import { UsersPage } from './UsersPage'

/** The pages of an administrator's role; below `/admin`. */
export function AdminPages() {
  const { account } = useSignedIn()
  const { role, organisation } = account
  if (role === 'user') return <Navigate to="/" replace />
  const pages = {
    users: <UsersPage customerId={organisation.id} />,
    devices: <DevicesPage customerId={organisation.id} />,
    setup: <SetupPage customerId={organisation.id} />,
    groups: <GroupsPage customerId={organisation.id} />,
    reception: <ReceptionPage customerId={organisation.id} />,
    sounds: <SoundsPage customerId={organisation.id} />,
    books: <BooksPage customerId={organisation.id} onCall={null} />,
    rules: <RulesPage customerId={organisation.id} />,
    lines: <LinesPage customerId={organisation.id} />,
    sites: <SitesPage customerId={organisation.id} />,
    records: <RecordsPage customerId={organisation.id} />,
    recordings: <RecordedCallsPage customerId={organisation.id} />,
    gateways: <GatewaysPage />,
    mail: <MailPage />,
    licences: <LicencesPage customerId={organisation.id} />,
    customers: <CustomersPage />,
    resellers: <ResellersPage />,
    health: <HealthPage />,
    prices: <PricesPage />,
    months: <MonthsPage />,
    invoices: <InvoicesPage />,
    accounts: <AccountsPage organisationId={organisation.id} role={role} />,
    'sign-on': <SignOnPage customerId={organisation.id} />,
    audit: <AuditPage />,
  }
  const sections = sectionsOf(account)
  return (
    <Routes>
      {sections.map((section) => (
        <Route key={section} path={section} element={pages[section]} />
      ))}
      {sections.includes('customers') && <Route path="customers/:customerId/*" element={<CustomerPage />} />}
      <Route path="search" element={<SearchPage />} />
      <Route path="more" element={<Overview />} />
      <Route path="*" element={<Navigate to={`/admin/${sections[0] ?? 'more'}`} replace />} />
    </Routes>
  )
}

/** All sections, for where the navigation has no room for them. */
function Overview() {
  const { t } = useTranslation()
  const { account } = useSignedIn()
  return (
    <Page title={t('admin.title')}>
      <ul className={`quiet-list ${classes.rows ?? ''}`}>
        {sectionsOf(account).map((section) => (
          <li key={section} className={classes.row}>
            <Link to={`/admin/${section}`} className={classes.tile ?? ''} data-testid={`more-${section}`}>
              {SECTION_ICONS[section]}
              {t(`admin.${section}.title`)}
            </Link>
          </li>
        ))}
      </ul>
    </Page>
  )
}
