import type { Table } from './table.ts'

export const splitNames = ['train', 'validation', 'test'] as const
export type SplitName = (typeof splitNames)[number]

export const roleNames = ['text', 'label', 'prompt', 'completion', 'messages', 'chosen', 'rejected', 'id'] as const
export type Role = (typeof roleNames)[number]
/** Which column plays which part. */
export type Roles = { readonly [R in Role]?: string }

/** How files are to be read, where that was said; the rest is found out. */
export interface FileFormat {
  readonly delimiter?: string
  readonly header?: boolean
  readonly quote?: string
  /** Each text file is one row, labelled by the folder it lies in. */
  readonly row?: 'file'
}

/** A dataset before its files are read: what `winnow.json` names or the file names tell. Paths are absolute, `/` separated. */
export interface DatasetFiles {
  readonly name: string
  readonly splits: { readonly [S in SplitName]?: readonly string[] }
  /** Given in `winnow.json`; what is missing is inferred from the content. */
  readonly roles?: Roles
  readonly format?: FileFormat
}

/** A dataset that was read. Splits keep the order train, validation, test; files the order given. */
export interface Dataset {
  readonly name: string
  readonly splits: readonly { readonly name: SplitName; readonly tables: readonly Table[] }[]
  readonly roles: Roles
}
