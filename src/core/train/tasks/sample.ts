import type { Turn } from '../../data/messages.ts'
import type { Table, Value } from '../../data/table.ts'

/** A row as its task sees it. */
export interface Sample {
  /** What the row says, for people and for the search of leaks. */
  readonly text: string
  /** What should be answered, in words: a label, labels, a number, a completion. */
  readonly gold: string
  /** The second text of a pair. */
  readonly pair?: string
  /** The labels of a row that may have several. */
  readonly labels?: readonly string[]
  readonly value?: number
  /** Words and the tag of each. */
  readonly words?: readonly string[]
  readonly tags?: readonly string[]
  /** A conversation with roles `system`, `user`, `assistant`, `tool`. */
  readonly turns?: readonly Turn[]
  /** The tools that it may call. */
  readonly tools?: readonly Value[]
}

/** Why a row cannot be used: a rule id (`empty-field`, `unlabelled`, …) and the reason in words. */
export interface Unusable {
  readonly rule: string
  readonly reason: string
}

/** Is it why a row cannot be used? */
export const isUnusable = (read: Sample | Unusable): read is Unusable => 'rule' in read

/** A reason why a row cannot be used. */
export const unusable = (rule: string, reason: string): Unusable => ({ rule, reason })

/** The row could not be parsed. */
export const brokenRow: Unusable = unusable('broken-row', 'the row could not be read')
/** Its text is blank. */
export const emptyText: Unusable = unusable('empty-field', 'the text is empty')
/** It has no label. */
export const noLabel: Unusable = unusable('unlabelled', 'the label is empty')

/**
 * A cell as a list of words: a JSON list, or text that holds one, or words between blanks, commas, semicolons or bars (`by`).
 * Undefined where there is no such cell.
 */
export function listOf(table: Table, row: number, at: { readonly column: string; readonly by: RegExp }) {
  const cell = table.cell(row, at.column)
  if (!cell || cell.value === null) return undefined
  const list = Array.isArray(cell.value) ? cell.value : parsedList(cell.text)
  if (list) return (list as readonly Value[]).map(item => (typeof item === 'string' ? item : JSON.stringify(item)))
  return cell.text
    .split(at.by)
    .map(item => item.trim())
    .filter(item => item !== '')
}

/** The value of a cell, parsed where text holds JSON: tables without types (CSV) write lists so. */
export function cellValue(table: Table, row: number, column: string): Value | undefined {
  const cell = table.cell(row, column)
  if (!cell) return undefined
  return typeof cell.value === 'string' ? (parsedJson(cell.value) ?? cell.value) : cell.value
}

function parsedList(text: string): readonly Value[] | undefined {
  const value = parsedJson(text)
  return Array.isArray(value) ? (value as readonly Value[]) : undefined
}

/** Text that is a JSON list or object, as its value; undefined for any other. */
export function parsedJson(text: string): Value | undefined {
  if (!/^\s*[[{]/.test(text)) return undefined
  try {
    return JSON.parse(text) as Value
  } catch {
    return undefined // Brackets in prose.
  }
}
