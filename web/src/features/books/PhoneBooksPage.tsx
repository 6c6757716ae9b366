import { useSignedIn } from '@/app/services'

import { BooksPage } from './BooksPage'

/** The phone books of whoever telephones: a number is called by one press. */
export function PhoneBooksPage() {
  const { softphone } = useSignedIn()
  return <BooksPage customerId={null} onCall={(number, name) => softphone.dial(number, name)} />
}
