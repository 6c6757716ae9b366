import { expect, it } from 'vitest'

import type { Colleague } from '@/shared/api/types'

import { searchDirectory } from './search'
import { nameOf } from './useNameOf'

const person = (name: string, extension: string): Colleague => ({
  user_id: extension,
  name,
  extension,
  number: `+4930231250${extension}`,
  line_state: 'free',
})
const people = [person('Anna Becker', '10'), person('Jörg Müller', '11'), person('Emil Anders', '12')]
const found = (text: string) => searchDirectory(people, text).map((one) => one.name)

it('finds by beginnings of words, without accents, and by extension', () => {
  expect(found('an')).toEqual(['Anna Becker', 'Emil Anders'])
  expect(found('muller')).toEqual(['Jörg Müller'])
  expect(found('11')).toEqual(['Jörg Müller'])
  expect(found('1')).toHaveLength(3)
  expect(found('xyz')).toEqual([])
})

it('names a caller by what came with the call, else by the directory', () => {
  expect(nameOf({ number: '10', name: 'Zentrale' }, people)).toBe('Zentrale')
  expect(nameOf({ number: '10', name: '10' }, people)).toBe('Anna Becker')
  expect(nameOf({ number: '+493023125011', name: null }, people)).toBe('Jörg Müller')
  expect(nameOf({ number: '+494066969001', name: null }, people)).toBeNull()
  expect(nameOf({ number: '', name: null }, people)).toBeNull()
})
