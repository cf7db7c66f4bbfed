import { never } from '../base/failure.ts'
import { runCompareJob } from './compareJob.ts'
import { runHeldJob, runHitsJob, runHoldersJob, runRecurJob, runTableJob } from './containJob.ts'
import { runJoinJob, runPrefixJob } from './joinJob.ts'
import { runCountJob, runGradeJob } from './levelJob.ts'
import { runLinesJob } from './linesJob.ts'
import { runRowsJob } from './rowsJob.ts'
import type { Done, Job } from './threads.ts'

/** Does a job, on whichever thread. */
export function runJob(job: Job): Done<Job> {
  switch (job.kind) {
    case 'lines':
      return runLinesJob(job)
    case 'rows':
      return runRowsJob(job)
    case 'count':
      return runCountJob(job)
    case 'grade':
      return runGradeJob(job)
    case 'prefix':
      return runPrefixJob(job)
    case 'join':
      return runJoinJob(job)
    case 'recur':
      return runRecurJob(job)
    case 'held':
      return runHeldJob(job)
    case 'hits':
      return runHitsJob(job)
    case 'table':
      return runTableJob(job)
    case 'holders':
      return runHoldersJob(job)
    case 'compare':
      return runCompareJob(job)
    default:
      return never(job)
  }
}
