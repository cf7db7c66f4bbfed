import { join } from 'node:path'
import type { SampleLosses } from '../core/train/models/task.ts'
import { RowLosses, RowRivals } from './rowLosses.ts'

/** What a run notes of its training rows, epoch by epoch: `rows.bin`, and `rowRivals.bin` where rows carry one class. */
export class RowNotes {
  private readonly folder: string
  private readonly rows: number
  private readonly from: number
  private readonly losses: RowLosses
  private rivals: RowRivals | undefined

  /** For a new run, or one that goes on in the epoch `from`. */
  constructor(folder: string, rows: number, from: number) {
    this.folder = folder
    this.rows = rows
    this.from = from
    this.losses = new RowLosses(join(folder, 'rows.bin'), rows, from)
  }

  note(epoch: number, { samples, losses, rivals }: SampleLosses): void {
    // Texts that are replayed count on from the training rows; they are nobody's to look at.
    const own = (_: number, i: number) => (samples[i] as number) < this.rows
    this.losses.note(epoch, samples.filter(own), losses.filter(own))
    if (!rivals) return
    this.rivals ??= new RowRivals(join(this.folder, 'rowRivals.bin'), this.rows, this.from)
    const { margins, others } = rivals
    this.rivals.note(epoch, samples.filter(own), { margins: margins.filter(own), others: others.filter(own) })
  }

  /** Writes what is known of the present epoch. Throws `Failure` (`disk-full`). */
  flush(): void {
    this.losses.flush()
    this.rivals?.flush()
  }
}
